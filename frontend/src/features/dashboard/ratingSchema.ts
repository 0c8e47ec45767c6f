import type { RatingSchema, RatingSchemaRequest } from "@/api/types";

/** A flag as it is edited. A published one keeps its key, since datasets name it by that. */
export interface DraftFlag {
  id: number;
  key: string;
  label: string;
  help: string;
  published: boolean;
}

/** What the next version would ask. */
export interface Draft extends Omit<RatingSchema, "version" | "created_at" | "flags"> {
  flags: readonly DraftFlag[];
}

export type FlagFault = "labelMissing" | "keyRefused" | "keyTwice";

const KEY = /^[a-z0-9_]{1,60}$/;
const MAX_KEY = 60;

const NOTHING_ASKED: Draft = {
  scale_min: 1,
  scale_max: 7,
  rating_required: false,
  rating_help: "",
  flow: "order",
  strength: "none",
  flags: [],
};

/** The version that is asked now as something to change; without one, the usual scale. */
export function draftOf(asked: RatingSchema | undefined): Draft {
  if (asked === undefined) return NOTHING_ASKED;
  const { scale_min, scale_max, rating_required, rating_help, flow, strength, flags } = asked;
  return {
    ...{ scale_min, scale_max, rating_required, rating_help, flow, strength },
    flags: flags.map((flag, id) => ({ ...flag, id, published: true })),
  };
}

/** "Not what was asked" → "not_what_was_asked": a key that a new flag begins with. */
export const keyOf = (label: string): string =>
  label
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, MAX_KEY);

export const freshFlag = (flags: readonly DraftFlag[]): DraftFlag => ({
  id: 1 + Math.max(-1, ...flags.map(({ id }) => id)),
  key: "",
  label: "",
  help: "",
  published: false,
});

/** The flag with other words; a new one's key follows its name until the key is written by hand. */
export function changedFlag(
  flag: DraftFlag,
  change: Partial<Pick<DraftFlag, "label" | "key" | "help">>,
): DraftFlag {
  const follows = change.label !== undefined && !flag.published && flag.key === keyOf(flag.label);
  return { ...flag, ...change, ...(follows && { key: keyOf(change.label ?? "") }) };
}

/** The flag one place up or down; the same list where it stands at the end. */
export function movedFlag(
  flags: readonly DraftFlag[],
  id: number,
  by: -1 | 1,
): readonly DraftFlag[] {
  const from = flags.findIndex((flag) => flag.id === id);
  const flag = flags[from];
  const to = from + by;
  if (flag === undefined || to < 0 || to >= flags.length) return flags;
  return flags.toSpliced(from, 1).toSpliced(to, 0, flag);
}

export function faultOf(flag: DraftFlag, flags: readonly DraftFlag[]): FlagFault | null {
  if (flag.label.trim() === "") return "labelMissing";
  if (!KEY.test(flag.key)) return "keyRefused";
  return flags.some(({ id, key }) => id !== flag.id && key === flag.key) ? "keyTwice" : null;
}

export const isPublishable = (draft: Draft): boolean =>
  draft.scale_max > draft.scale_min &&
  draft.flags.every((flag) => faultOf(flag, draft.flags) === null);

/** What the server is sent: `replaces` is the version that the draft was made from. */
export const requestOf = (draft: Draft, replaces: number): RatingSchemaRequest => ({
  ...draft,
  flags: draft.flags.map(({ key, label, help }) => ({
    key,
    label: label.trim(),
    help: help.trim(),
  })),
  replaces,
});

export const isChanged = (draft: Draft, from: Draft): boolean =>
  JSON.stringify(requestOf(draft, 0)) !== JSON.stringify(requestOf(from, 0));
