import type { TurnText } from "./turnText";

/** What was written before and after the text on the page, for undo and redo. */
export interface TextHistory {
  readonly past: readonly TurnText[];
  readonly future: readonly TurnText[];
  /** When the newest step began, so that words typed in one go are undone in one go. */
  readonly at: number;
}

export const NO_HISTORY: TextHistory = { past: [], future: [], at: 0 };

const ONE_GO_MILLISECONDS = 1_200;
const MOST_STEPS = 200;

/** A letter after a letter belongs to the same step; a new word, a paste or a draft begins one. */
const isTyped = (from: TurnText, to: TurnText): boolean =>
  Math.abs(to.content.length - from.content.length) <= 1 &&
  from.draft === to.draft &&
  !/\s$/.test(to.content);

export function recorded(
  history: TextHistory,
  from: TurnText,
  to: TurnText,
  now: number,
): TextHistory {
  const joins =
    history.past.length > 0 && isTyped(from, to) && now - history.at < ONE_GO_MILLISECONDS;
  if (joins) return { ...history, future: [], at: now };
  return { past: [...history.past, from].slice(-MOST_STEPS), future: [], at: now };
}

/** The text one step back and the history from there; null where nothing is left to undo. */
export function undone(
  { past, future }: TextHistory,
  current: TurnText,
): { text: TurnText; history: TextHistory } | null {
  const text = past.at(-1);
  if (text === undefined) return null;
  return { text, history: { past: past.slice(0, -1), future: [current, ...future], at: 0 } };
}

export function redone(
  { past, future }: TextHistory,
  current: TurnText,
): { text: TurnText; history: TextHistory } | null {
  const [text, ...rest] = future;
  if (text === undefined) return null;
  return { text, history: { past: [...past, current], future: rest, at: 0 } };
}
