import { describe, expect, it } from "vitest";

import { contradictions } from "./contradictions";
import { acceptableTiers, LINE, tiersOf } from "./order";
import { gradesFor, isChosen, orderOf } from "./pair";

const AB = ["A", "B"];

describe("which of two, and by how much", () => {
  it("is asked in eight answers, or in seven with equal among them, and only of two", () => {
    expect(gradesFor("four-grades", AB).map(({ better, strength }) => [better, strength])).toEqual([
      ["A", 3],
      ["A", 2],
      ["A", 1],
      ["A", 0],
      ["B", 0],
      ["B", 1],
      ["B", 2],
      ["B", 3],
    ]);
    const seven = gradesFor("minus-3-to-3", AB);
    expect(seven).toHaveLength(7);
    expect(seven[3]).toEqual({ better: null, strength: 0 });
    expect(gradesFor("none", AB)).toEqual([]);
    expect(gradesFor("four-grades", ["A", "B", "C"])).toEqual([]);
  });

  it.each(["four-grades", "minus-3-to-3"] as const)(
    "gives each answer of %s one order",
    (scale) => {
      const grades = gradesFor(scale, AB);
      for (const grade of grades) {
        const order = orderOf(grade, AB, []);
        expect(tiersOf(order).flat().sort()).toEqual(AB);
        expect(grades.filter((other) => isChosen(other, order, grade.strength))).toEqual([grade]);
      }
    },
  );

  it("keeps how many are fit to send while the answer changes", () => {
    const [left, , , equal, , , right] = gradesFor("minus-3-to-3", AB);
    if (!left || !equal || !right) throw new Error("There are seven.");
    expect(orderOf(right, AB, [["A"], LINE, ["B"]])).toEqual([["B"], LINE, ["A"]]);
    expect(orderOf(right, AB, [LINE, ["A"], ["B"]])).toEqual([LINE, ["B"], ["A"]]);
    expect(orderOf(left, AB, [["A", "B"], LINE])).toEqual([["A"], ["B"], LINE]);
    expect(acceptableTiers(orderOf(equal, AB, [["A"], ["B"], LINE]))).toBe(1);
    expect(acceptableTiers(orderOf(left, AB, [["A"], ["B"]]))).toBeNull();
  });
});

describe("contradictions", () => {
  it("are the pairs whose ratings say the opposite of their order", () => {
    const order = [["A"], LINE, ["B", "C"], ["D"]] as const;
    expect(contradictions(order, { A: 3, B: 5, C: 3, D: 4 })).toEqual([
      { above: "A", below: "B" },
      { above: "A", below: "D" },
      { above: "C", below: "D" },
    ]);
    expect(contradictions(order, { A: 3 })).toEqual([]);
    expect(contradictions([["A", "B"]], { A: 1, B: 7 })).toEqual([]);
  });
});
