import { describe, expect, it } from "vitest";

import {
  areGoodParams,
  asParamsRequest,
  isStop,
  isTokenId,
  paramsOf,
  shownStop,
  typedStop,
  unusualOf,
  USUAL,
} from "./params";

describe("sampling params", () => {
  it.each(["\nuser:", "a\\nb", "\t", "\\", "\\\n\\t"])("shows %j on one line and back", (text) => {
    expect(shownStop(text)).not.toMatch(/[\n\t]/);
    expect(typedStop(shownStop(text))).toBe(text);
  });

  it("takes stop strings and ids within their bounds", () => {
    expect(isStop("")).toBe(false);
    expect(isStop("\\n".repeat(200))).toBe(true);
    expect(isStop("x".repeat(201))).toBe(false);
    expect(["0", "49152", "-1", "1.5", "x", "99999999"].map(isTokenId)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it("says which of the folded ones are not the usual", () => {
    expect(unusualOf(USUAL)).toEqual([]);
    expect(unusualOf({ ...USUAL, temperature: 0 })).toEqual([]);
    expect(unusualOf({ ...USUAL, topK: 40, stop: ["."] })).toEqual(["topK", "stop"]);
  });

  it("comes back as it was sent", () => {
    expect(areGoodParams(USUAL)).toBe(true);
    const changed = { ...USUAL, minP: 0.1, stop: ["\\n"], stopTokenIds: ["7"] };
    expect(asParamsRequest(changed)).toMatchObject({
      min_p: 0.1,
      stop: ["\n"],
      stop_token_ids: [7],
    });
    expect(paramsOf(asParamsRequest(changed))).toEqual(changed);
  });
});
