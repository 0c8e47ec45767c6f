import type { BoundAction } from "@/lib/actions";
import { chordsOf, firesWhileTyping, isCharacterChord, matchesChord } from "@/lib/shortcuts";

import type { ActionRegistry } from "./registry";

/** How long the second key of a sequence such as "g h" may take. */
const SEQUENCE_MILLISECONDS = 1_000;

const TYPING = "input, textarea, select, [contenteditable=true], [role=textbox], [role=combobox]";
const NOT_TYPING = "[type=checkbox], [type=radio], [type=button], [type=submit], [type=range]";
const OWNS_ENTER = "button, a[href], summary, [role=button], [role=menuitem], [role=option]";
const OWNS_ARROWS =
  "[type=radio], [type=range], [role=radio], [role=tab], [role=menuitem], [role=option], [role=slider]";

function isTyping(target: Element): boolean {
  return target.closest(TYPING) !== null && !target.matches(NOT_TYPING);
}

/** True when the focused control itself answers this key. */
function ownedByTarget(target: Element, chord: string): boolean {
  if (chord === "Enter" || chord === " ") return target.closest(OWNS_ENTER) !== null;
  if (chord.startsWith("Arrow")) return target.closest(OWNS_ARROWS) !== null;
  return false;
}

/** An open dialog keeps the keys to itself. */
const dialogIsOpen = (): boolean => document.querySelector("[aria-modal=true]") !== null;

/**
 * Listens on the window and runs the newest enabled action whose keys were pressed. Keys that type a
 * character never fire while a person is typing, nor when `characterKeys` says no (WCAG 2.1.4).
 */
export function listenForKeys(registry: ActionRegistry, characterKeys: () => boolean): () => void {
  let firstChord: { text: string; at: number } | null = null;

  const candidates = (): { action: BoundAction; chords: string[] }[] =>
    [...registry.current()]
      .reverse()
      .flatMap((group) => group.actions)
      .flatMap((action) => action.keys.map((keys) => ({ action, chords: chordsOf(keys) })));

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.defaultPrevented || event.isComposing || dialogIsOpen()) return;
    const typing = isTyping(target);
    const pressed = (chord: string) =>
      matchesChord(event, chord) &&
      (!typing || firesWhileTyping(chord)) &&
      (characterKeys() || !isCharacterChord(chord)) &&
      !ownedByTarget(target, chord);

    const begun =
      firstChord !== null && event.timeStamp - firstChord.at < SEQUENCE_MILLISECONDS
        ? firstChord.text
        : null;
    firstChord = null;
    let refused: BoundAction | null = null;
    for (const { action, chords } of candidates()) {
      const [first, second] = chords;
      if (first === undefined || (typing && action.notInText)) continue;
      if (second !== undefined) {
        if (begun === first && pressed(second) && action.enabled()) {
          event.preventDefault();
          action.perform();
          return;
        }
        if (pressed(first)) firstChord = { text: first, at: event.timeStamp };
      } else if (pressed(first)) {
        if (action.enabled()) {
          event.preventDefault();
          action.perform();
          return;
        }
        refused ??= action;
      }
    }
    if (refused?.refuse) {
      event.preventDefault();
      refused.refuse();
    }
  };

  window.addEventListener("keydown", onKeyDown);
  return () => window.removeEventListener("keydown", onKeyDown);
}
