const allTurns = (): HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>("article[data-role]"),
];

/** The place of the turn that has the focus, or -1. */
export const focusedTurn = (): number =>
  allTurns().findIndex((turn) => turn.contains(document.activeElement));

/** Puts the focus on the turn before or after the focused one, or on the last turn to begin with. */
export function moveTurn(step: -1 | 1): void {
  const turns = allTurns();
  const current = focusedTurn();
  const target = current === -1 ? turns.at(-1) : turns[current + step];
  target?.focus();
}

/** Puts the focus on the turn at a place of the thread. */
export const focusTurn = (place: number): void => allTurns()[place]?.focus();
