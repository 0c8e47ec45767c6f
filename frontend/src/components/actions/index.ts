export { ActionButton } from "./ActionButton";
export { ActionProvider, useActions, useCharacterKeys } from "./ActionProvider";
export { CommandPalette, openPalette } from "./CommandPalette";
export { Keycaps } from "./Keycaps";
export { ShortcutSheet } from "./ShortcutSheet";
