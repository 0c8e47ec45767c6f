import { describe, expect, it } from "vitest";

import type { Served } from "@/api/types";

import {
  areGood,
  asRequest,
  holds,
  isChanged,
  rowsOf,
  shareOf,
  withChange,
  withoutRow,
  withRow,
} from "./serving";

const served: Served[] = [
  {
    policy: 1,
    policy_name: "old",
    use: "chat",
    weight: 1,
    temperature: 0.5,
    top_p: 0.9,
    max_tokens: 512,
    top_k: 40,
    min_p: 0.02,
    repetition_penalty: 1.2,
    stop: ["\nuser:", "a\\nb"],
    stop_token_ids: [3],
  },
  {
    policy: 2,
    policy_name: "new",
    use: "chat",
    weight: 3,
    temperature: 1,
    top_p: 1,
    max_tokens: 256,
    top_k: 0,
    min_p: 0,
    repetition_penalty: 1,
    stop: [],
    stop_token_ids: [],
  },
];
const everybody = () => true;

const sentOf = (row: Served): Partial<Served> => {
  const sent: Partial<Served> = { ...row };
  delete sent.policy_name;
  return sent;
};

describe("who serves a round", () => {
  it("comes back as it was sent", () => {
    const rows = rowsOf(served);
    expect(isChanged(rows, served)).toBe(false);
    expect(asRequest(rows)).toEqual(served.map(sentOf));
  });

  it("shares draws by weight within a use, and leaves the retired out", () => {
    const rows = withRow(rowsOf(served), { policy: 1, name: "old", use: "draft" });
    const shares = rows.map((row) => shareOf(rows, row, everybody));
    expect(shares).toEqual([0.25, 0.75, 1]);
    expect(rows.map((row) => shareOf(rows, row, (policy) => policy === 1))).toEqual([1, 0, 1]);
    expect(rows.map((row) => shareOf(rows, row, () => false))).toEqual([0, 0, 0]);
  });

  it("takes a policy once for each use", () => {
    const rows = rowsOf(served);
    expect(holds(rows, 1, "chat")).toBe(true);
    expect(holds(rows, 1, "candidate")).toBe(false);
    expect(withRow(rows, { policy: 1, name: "old", use: "chat" })).toEqual(rows);
    expect(withoutRow(rows, 1, "chat")).toEqual(rows.slice(1));
    expect(withoutRow(rows, 1, "draft")).toEqual(rows);
  });

  it.each([
    ["weight", 0],
    ["weight", ""],
    ["temperature", 5.1],
    ["topP", 0],
    ["maxTokens", 32_769],
    ["topK", -1],
    ["minP", 1.1],
    ["repetitionPenalty", 0],
  ] as const)("is not good with %s %s", (field, value) => {
    const [first, ...others] = rowsOf(served);
    if (first === undefined) throw new Error("no row");
    expect(areGood([first, ...others])).toBe(true);
    const spoilt = withChange([first, ...others], first, { [field]: value });
    expect(areGood(spoilt)).toBe(false);
    expect(isChanged(spoilt, served)).toBe(true);
    expect(spoilt[1]).toBe(others[0]);
  });
});
