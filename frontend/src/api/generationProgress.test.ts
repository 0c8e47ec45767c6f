import { describe, expect, it } from "vitest";

import { applyEvent, NOTHING_YET, readGenerationEvent, type Delta } from "./generationProgress";

const delta = (offset: number, text: string, attempt = 1): Delta => ({
  kind: "delta",
  generation: 1,
  attempt,
  index: 0,
  offset,
  text,
});

const textOf = (events: Delta[]) =>
  events.reduce(applyEvent, NOTHING_YET).completions.map(({ text }) => text);

describe("applyEvent", () => {
  it("joins pieces and shrugs off one that comes twice", () => {
    expect(textOf([delta(0, "Hello"), delta(5, " there"), delta(0, "Hello")])).toEqual([
      "Hello there",
    ]);
  });

  it("counts characters as the server does, an emoji being one", () => {
    expect(textOf([delta(0, "👋🏽"), delta(2, " hi")])).toEqual(["👋🏽 hi"]);
  });

  it("adds nothing after a missing piece", () => {
    expect(textOf([delta(0, "Hello"), delta(9, "lost")])).toEqual(["Hello"]);
  });

  it("forgets the text of an earlier attempt and ignores its late pieces", () => {
    expect(textOf([delta(0, "old"), delta(0, "new", 2), delta(3, " late", 1)])).toEqual(["new"]);
  });

  it("takes the whole text from the closing event and then stays as it is", () => {
    const end = readGenerationEvent("end", {
      generation: 1,
      attempt: 1,
      state: "done",
      error: null,
      completions: [{ index: 0, text: "All of it.", finish_reason: "stop" }],
    });
    if (end === null) throw new Error("The closing event was not understood.");
    const progress = [delta(0, "All"), end, delta(3, "?")].reduce(applyEvent, NOTHING_YET);
    expect(progress.state).toBe("done");
    expect(progress.completions).toEqual([{ index: 0, text: "All of it.", finishReason: "stop" }]);
  });
});
