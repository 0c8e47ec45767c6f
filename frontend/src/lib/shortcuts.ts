/**
 * Keyboard shortcuts as text: chords joined by "+", sequences by a space ("mod+Enter", "alt+s",
 * "shift+1", "ArrowLeft", "g h"). `mod` is ⌘ on Apple machines and Ctrl elsewhere.
 */
export type Shortcut = string;

interface Chord {
  mod: boolean;
  alt: boolean;
  shift: boolean;
  key: string;
}

/** The part of a keyboard event that decides whether a chord was pressed. */
export type KeyPress = Pick<
  KeyboardEvent,
  "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "getModifierState"
>;

export const isApple = (): boolean => /Mac|iPhone|iPad/.test(navigator.userAgent);

function parseChord(text: string): Chord {
  const parts = text.split("+");
  const key = parts.at(-1) ?? "";
  return {
    mod: parts.includes("mod"),
    alt: parts.includes("alt"),
    shift: parts.includes("shift"),
    key,
  };
}

export const chordsOf = (shortcut: Shortcut): string[] => shortcut.split(" ");

const isLetter = (key: string): boolean => /^[a-z]$/.test(key);
const isDigit = (key: string): boolean => /^[0-9]$/.test(key);
const isSymbol = (key: string): boolean => key.length === 1 && !isLetter(key) && !isDigit(key);

/** True when the chord types a character, so that it must keep quiet while a person is typing. */
export function isCharacterChord(chord: string): boolean {
  const { mod, alt, key } = parseChord(chord);
  return !mod && !alt && key.length === 1;
}

/** True when the chord may fire while a text field has the focus. */
export function firesWhileTyping(chord: string): boolean {
  const { mod, alt } = parseChord(chord);
  return mod || alt;
}

export function matchesChord(event: KeyPress, text: string, apple = isApple()): boolean {
  const chord = parseChord(text);
  // A symbol may need Shift or AltGr to be typed at all, so only the character itself counts.
  if (isSymbol(chord.key) && !chord.mod && !chord.alt) return event.key === chord.key;
  if (event.getModifierState("AltGraph")) return false;
  const mod = apple ? event.metaKey : event.ctrlKey;
  const foreign = apple ? event.ctrlKey : event.metaKey;
  if (foreign || mod !== chord.mod || event.altKey !== chord.alt) return false;
  if (event.shiftKey !== chord.shift) return false;
  if (isDigit(chord.key)) {
    // The top row gives other characters on some layouts and under Shift; its position is the same.
    return event.code === `Digit${chord.key}` || event.code === `Numpad${chord.key}`;
  }
  // Option turns letters into other characters on Apple machines; again the position is the same.
  if (isLetter(chord.key) && chord.alt) return event.code === `Key${chord.key.toUpperCase()}`;
  if (isLetter(chord.key)) return event.key.toLowerCase() === chord.key;
  return event.key === chord.key;
}

const NAMES: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Enter: "↵",
  Escape: "Esc",
};

/** The keys as a person sees them on the keyboard, one list of keycaps for each chord. */
export function keycaps(shortcut: Shortcut, apple = isApple()): string[][] {
  return chordsOf(shortcut).map((text) => {
    const { mod, alt, shift, key } = parseChord(text);
    const caps: string[] = [];
    if (mod) caps.push(apple ? "⌘" : "Ctrl");
    if (alt) caps.push(apple ? "⌥" : "Alt");
    if (shift) caps.push("⇧");
    caps.push(NAMES[key] ?? (mod || alt ? key.toUpperCase() : key));
    return caps;
  });
}

/** Pairs of shortcuts that cannot both work on one page: equal, or one beginning the other. */
export function conflictingShortcuts(shortcuts: readonly Shortcut[]): [Shortcut, Shortcut][] {
  return shortcuts.flatMap((first, index) =>
    shortcuts
      .slice(index + 1)
      .filter((second) => {
        const [a, b] = [chordsOf(first), chordsOf(second)];
        const shared = Math.min(a.length, b.length);
        return a.slice(0, shared).join(" ") === b.slice(0, shared).join(" ");
      })
      .map((second): [Shortcut, Shortcut] => [first, second]),
  );
}
