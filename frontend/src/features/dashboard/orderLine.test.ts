import { expect, it } from "vitest";

import { orderLine } from "./orderLine";

it.each([
  [[1, 2, 3], "A > B > C"],
  [[2, 1, 2], "B > A = C"],
  [[1, 1], "A = B"],
  [[], ""],
])("reads %j as %s", (tiers, line) => {
  expect(orderLine(tiers)).toBe(line);
});
