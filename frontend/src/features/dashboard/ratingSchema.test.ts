import { expect, it } from "vitest";

import { ratingSchema } from "@/testing/samples";

import {
  changedFlag,
  draftOf,
  faultOf,
  freshFlag,
  isChanged,
  isPublishable,
  keyOf,
  movedFlag,
  requestOf,
} from "./ratingSchema";

const stored = draftOf(ratingSchema());

it("begins as what is asked now, and says when it is not that any more", () => {
  expect(requestOf(stored, 3)).toEqual({
    scale_min: 1,
    scale_max: 7,
    rating_required: false,
    rating_help: "",
    flow: "order",
    strength: "none",
    flags: ratingSchema().flags,
    replaces: 3,
  });
  expect(isChanged(stored, draftOf(ratingSchema()))).toBe(false);
  expect(isChanged({ ...stored, scale_max: 5 }, stored)).toBe(true);
});

it("makes a new flag's key from its name until the key is written by hand", () => {
  expect(keyOf("  Not what was asked! ")).toBe("not_what_was_asked");
  const typed = changedFlag(freshFlag(stored.flags), { label: "Übles Wort" });
  expect(typed.key).toBe("u_bles_wort");
  const own = changedFlag(typed, { key: "slur" });
  expect(changedFlag(own, { label: "Something else" }).key).toBe("slur");
  const [published] = stored.flags;
  expect(changedFlag(published!, { label: "Impolite" })).toMatchObject({ key: "rude" });
});

it("names what keeps a version from being published", () => {
  const fresh = freshFlag(stored.flags);
  const withFlag = (more: Partial<typeof fresh>) => {
    const flag = { ...fresh, ...more };
    return faultOf(flag, [...stored.flags, flag]);
  };
  expect(withFlag({})).toBe("labelMissing");
  expect(withFlag({ label: "Loud", key: "Loud" })).toBe("keyRefused");
  expect(withFlag({ label: "Rude", key: "rude" })).toBe("keyTwice");
  expect(withFlag({ label: "Loud", key: "loud" })).toBeNull();
  expect(isPublishable(stored)).toBe(true);
  expect(isPublishable({ ...stored, scale_min: 7 })).toBe(false);
  expect(isPublishable({ ...stored, flags: [fresh] })).toBe(false);
});

it("moves a flag by one place and not past the ends", () => {
  const keys = (by: -1 | 1, id: number) => movedFlag(stored.flags, id, by).map(({ key }) => key);
  expect(keys(1, 0)).toEqual(["off_topic", "rude"]);
  expect(keys(-1, 0)).toEqual(["rude", "off_topic"]);
  expect(keys(1, 1)).toEqual(["rude", "off_topic"]);
});
