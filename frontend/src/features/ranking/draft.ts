import { isRecord } from "@/api/errors";
import type { Comparison, RankingRequest } from "@/api/types";

import { acceptableTiers, LINE, tiersOf, type Order, type Row } from "./order";

/** A half-made ranking, as it is autosaved. Candidates go by their letters. */
export interface RankingDraft {
  readonly order: Order;
  readonly ratings: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly comment: string;
  readonly rewrite: string;
  /** Candidates whose end has been on the screen. */
  readonly opened: readonly string[];
  readonly openMilliseconds: Readonly<Record<string, number>>;
}

/** Nothing is placed to begin with: a given order would be judged instead of the texts. */
export const EMPTY_DRAFT: RankingDraft = {
  order: [],
  ratings: {},
  flags: {},
  comment: "",
  rewrite: "",
  opened: [],
  openMilliseconds: {},
};

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

const numbers = (value: unknown): Record<string, number> =>
  isRecord(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([key, number]) =>
          typeof number === "number" ? [[key, number]] : [],
        ),
      )
    : {};

export function parseRankingDraft(value: unknown): RankingDraft | null {
  if (!isRecord(value) || !Array.isArray(value.order)) return null;
  return {
    order: value.order.map((row: unknown): Row => (row === LINE ? LINE : strings(row))),
    ratings: numbers(value.ratings),
    flags: isRecord(value.flags)
      ? Object.fromEntries(Object.entries(value.flags).map(([key, list]) => [key, strings(list)]))
      : {},
    comment: typeof value.comment === "string" ? value.comment : "",
    rewrite: typeof value.rewrite === "string" ? value.rewrite : "",
    opened: strings(value.opened),
    openMilliseconds: numbers(value.openMilliseconds),
  };
}

/** The first thing that is still missing before a ranking can be submitted. */
export type Missing =
  | { kind: "unplaced"; count: number }
  | { kind: "unopened"; label: string }
  | { kind: "unrated"; label: string };

export function whatIsMissing(draft: RankingDraft, comparison: Comparison): Missing | null {
  const labels = comparison.candidates.map(({ label }) => label);
  const placed = new Set(tiersOf(draft.order).flat());
  const unplaced = labels.filter((label) => !placed.has(label));
  if (unplaced.length > 0) return { kind: "unplaced", count: unplaced.length };
  const unopened = labels.find((label) => !draft.opened.includes(label));
  if (unopened !== undefined) return { kind: "unopened", label: unopened };
  const unrated = labels.find((label) => draft.ratings[label] === undefined);
  if (comparison.rating?.required && unrated !== undefined) {
    return { kind: "unrated", label: unrated };
  }
  return null;
}

export function rankingBody(
  draft: RankingDraft,
  options: { key: string; cannotJudge: boolean },
): RankingRequest {
  const { comment, rewrite, openMilliseconds } = draft;
  const judged = options.cannotJudge ? EMPTY_DRAFT : draft;
  return {
    key: options.key,
    cannot_judge: options.cannotJudge,
    tiers: tiersOf(judged.order).map((tier) => [...tier]),
    acceptable_tier: acceptableTiers(judged.order),
    ratings: { ...judged.ratings },
    flags: Object.fromEntries(
      Object.entries(judged.flags)
        .filter(([, keys]) => keys.length > 0)
        .map(([label, keys]) => [label, [...keys]]),
    ),
    comment,
    rewrite: options.cannotJudge ? "" : rewrite,
    open_milliseconds: Object.fromEntries(
      Object.entries(openMilliseconds).map(([label, ms]) => [label, Math.round(ms)]),
    ),
  };
}
