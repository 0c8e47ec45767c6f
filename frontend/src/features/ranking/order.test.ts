import { describe, expect, it } from "vitest";

import {
  acceptableTiers,
  insertAt,
  LINE,
  lineAt,
  lineBelow,
  placeInTier,
  step,
  tieWithAbove,
  tierNumber,
  tiersOf,
  unrank,
  type Order,
} from "./order";

describe("placing", () => {
  it("fills tiers by number and opens a new last one past the end", () => {
    const first = placeInTier([], "B", 3);
    expect(first).toEqual([["B"]]);
    expect(placeInTier(first, "A", 2)).toEqual([["B"], ["A"]]);
    expect(placeInTier(first, "A", 1)).toEqual([["B", "A"]]);
  });

  it("moves a candidate without leaving it, or an empty tier, behind", () => {
    expect(placeInTier([["A"], ["B"], ["C"]], "A", 2)).toEqual([["B", "A"], ["C"]]);
    expect(placeInTier([["A"], ["B"]], "A", 9)).toEqual([["B"], ["A"]]);
    expect(insertAt([["A", "B"], ["C"]], "C", 0)).toEqual([["C"], ["A", "B"]]);
    expect(unrank([["A"], LINE, ["B"]], "A")).toEqual([LINE, ["B"]]);
  });

  it("ties with the tier above", () => {
    expect(tieWithAbove([["A"], ["B"]], "B")).toEqual([["A", "B"]]);
    expect(tieWithAbove([["A"], ["B"]], "C")).toEqual([["A"], ["B", "C"]]);
    expect(tieWithAbove([], "C")).toEqual([["C"]]);
  });
});

describe("step", () => {
  it("passes through tie and strict order, so that every order can be reached", () => {
    let order: Order = [["A"], ["B"]];
    order = step(order, "B", "up");
    expect(order).toEqual([["A", "B"]]);
    order = step(order, "B", "up");
    expect(order).toEqual([["B"], ["A"]]);
    expect(step(order, "B", "up")).toEqual(order);
    expect(step(step(order, "B", "down"), "B", "down")).toEqual([["A"], ["B"]]);
  });

  it("crosses the line on its own before it joins a tier", () => {
    const crossed = step([["A"], LINE, ["B"]], "B", "up");
    expect(crossed).toEqual([["A"], ["B"], LINE]);
    expect(step(crossed, "B", "down")).toEqual([["A"], LINE, ["B"]]);
  });
});

describe("the acceptable line", () => {
  it("is drawn, moved and taken away", () => {
    const drawn = lineBelow([["A"], ["B"], ["C"]], "A");
    expect(drawn).toEqual([["A"], LINE, ["B"], ["C"]]);
    expect(acceptableTiers(drawn)).toBe(1);
    expect(lineBelow(drawn, "B")).toEqual([["A"], ["B"], LINE, ["C"]]);
    expect(lineBelow(drawn, "A")).toEqual([["A"], ["B"], ["C"]]);
    expect(acceptableTiers(lineAt(drawn, 0))).toBe(0);
    expect(acceptableTiers([["A"]])).toBeNull();
  });

  it("stays between its neighbours while tiers come and go", () => {
    expect(placeInTier([["A"], LINE, ["B"]], "C", 1)).toEqual([["A", "C"], LINE, ["B"]]);
    expect(tierNumber([["A"], LINE, ["B"]], "B")).toBe(2);
  });
});

/** Small and seeded, so that a failure can be replayed. */
function* randomNumbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    yield state / 2 ** 32;
  }
}

describe("any run of moves", () => {
  it.each(Array.from({ length: 50 }, (_, seed) => seed))(
    "keeps each candidate once and no tier empty (seed %i)",
    (seed) => {
      const numbers = randomNumbers(seed);
      const pick = (n: number) => Math.floor(numbers.next().value * n);
      const names = ["A", "B", "C", "D", "E"];
      let order: Order = [];
      const placed = new Set<string>();
      for (let move = 0; move < 60; move += 1) {
        const name = names[pick(names.length)]!;
        const lineMove = pick(7) === 6;
        if (lineMove) {
          order = lineAt(order, pick(order.length + 1));
        } else {
          placed.add(name);
          order = [
            () => placeInTier(order, name, 1 + pick(6)),
            () => step(order, name, "up"),
            () => step(order, name, "down"),
            () => tieWithAbove(order, name),
            () => insertAt(order, name, pick(order.length + 1)),
          ][pick(5)]!();
        }
        expect(tiersOf(order).flat().sort()).toEqual([...placed].sort());
        expect(tiersOf(order).every((tier) => tier.length > 0)).toBe(true);
        expect(order.filter((row) => row === LINE).length).toBeLessThanOrEqual(1);
      }
    },
  );
});
