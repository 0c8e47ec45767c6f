import { expect, it } from "vitest";

import { orderLine, strictPairs } from "./orderLine";

it.each([
  [[1, 2, 3], "A > B > C"],
  [[2, 1, 2], "B > A = C"],
  [[1, 1], "A = B"],
  [[], ""],
  [[3, null, 1], "C > A"],
])("reads %j as %s", (tiers, line) => {
  expect(orderLine(tiers)).toBe(line);
});

it("has a pair for every two that stand on different tiers, the better first", () => {
  expect(strictPairs([2, 1, 2, null])).toEqual([
    [1, 0],
    [1, 2],
  ]);
  expect(strictPairs([1, 1, null])).toEqual([]);
});
