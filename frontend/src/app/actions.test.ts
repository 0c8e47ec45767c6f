import { describe, expect, it } from "vitest";

import { chatActions } from "@/features/chat/actions";
import { progressActions } from "@/features/dashboard/actions";
import { datasetsActions } from "@/features/datasets/actions";
import { demonstrationActions } from "@/features/demonstration/actions";
import { promptsActions } from "@/features/prompts/actions";
import { homeActions } from "@/features/queue/actions";
import { pairActions, rankingActions } from "@/features/ranking/actions";
import { recipesActions } from "@/features/datasets/recipes/actions";
import { reviewActions } from "@/features/review/actions";
import { scoreActions } from "@/features/review/scoreActions";
import { conflictingShortcuts, isCharacterChord } from "@/lib/shortcuts";

import { globalActions } from "./globalActions";

const PAGES: [string, readonly { id: string; keys: readonly string[] }[]][] = [
  ["home", homeActions],
  ["demonstration", demonstrationActions],
  ["chat", chatActions],
  ["ranking", rankingActions],
  ["comparing two", pairActions],
  ["review", reviewActions],
  ["scoring", scoreActions],
  ["progress", progressActions],
  ["datasets", datasetsActions],
  ["recipes", recipesActions],
  ["prompts", promptsActions],
];

/** Keys that browsers and desktops keep for themselves. */
const OWNED = ["mod+w", "mod+t", "mod+n", "mod+l", "mod+r", "alt+d", "alt+f", "alt+e", "alt+Tab"];

describe.each(PAGES)("the actions of %s", (_, actions) => {
  const all = [...globalActions, ...actions];
  const keys = all.flatMap((action) => action.keys);

  it("share no key among themselves nor with those that work everywhere", () => {
    expect(conflictingShortcuts(keys)).toEqual([]);
  });

  it("have ids of their own", () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it("take no key that a browser or a desktop owns", () => {
    expect(keys.filter((key) => OWNED.includes(key))).toEqual([]);
  });
});

it("gives every action that writes a key that works while typing", () => {
  const writing = [...demonstrationActions, ...chatActions].filter(
    // Choosing a draft has brackets, which are text inside a text; Tab and Insert do that work there.
    ({ id }) => !/Draft$/.test(id) || id.endsWith("insertDraft"),
  );
  expect(writing.filter(({ keys }) => keys.every(isCharacterChord))).toEqual([]);
});
