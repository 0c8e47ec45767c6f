import { describe, expect, it } from "vitest";

import { NO_HISTORY, recorded, redone, undone, type TextHistory } from "./textHistory";
import { blankTurn, type TurnText } from "./turnText";

const text = (content: string): TurnText => ({ ...blankTurn("user"), content });

function typed(words: readonly string[], gap = 100): { history: TextHistory; current: TurnText } {
  let history = NO_HISTORY;
  let current = text("");
  words.forEach((content, place) => {
    history = recorded(history, current, text(content), place * gap);
    current = text(content);
  });
  return { history, current };
}

describe("the history of a text", () => {
  it("takes letters typed in one go as one step", () => {
    const { history, current } = typed(["H", "He", "Hey"]);
    expect(undone(history, current)?.text.content).toBe("");
  });

  it("begins a step after a space, a pause and an insertion", () => {
    const { history, current } = typed(["He", "He ", "He whole sentence"]);
    const first = undone(history, current);
    expect(first?.text.content).toBe("He ");
    expect(undone(first!.history, first!.text)?.text.content).toBe("He");
    expect(typed(["a", "ab"], 5_000).history.past).toHaveLength(2);
  });

  it("goes forward again until something else is written", () => {
    const { history, current } = typed(["One", "One and two"]);
    const back = undone(history, current)!;
    expect(redone(back.history, back.text)?.text.content).toBe("One and two");
    const elsewhere = recorded(back.history, back.text, text("One or two"), 9_000);
    expect(redone(elsewhere, text("One or two"))).toBeNull();
  });

  it("has nothing to undo at its beginning", () => {
    expect(undone(NO_HISTORY, text("x"))).toBeNull();
  });
});
