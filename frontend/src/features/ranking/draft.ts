import { isRecord } from "@/api/errors";
import type { Comparison, RankingRequest } from "@/api/types";

import { acceptableTiers, LINE, tiersOf, type Order, type Row } from "./order";
import { gradesFor, isChosen } from "./pair";

/** A half-made ranking, as it is autosaved. Candidates go by their letters. */
export interface RankingDraft {
  readonly order: Order;
  /** How much better the one of two is, where that is asked. */
  readonly strength: number | null;
  /** Where rating comes first: it is done, and the order is being made. */
  readonly ordering: boolean;
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
  strength: null,
  ordering: false,
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
    strength: typeof value.strength === "number" ? value.strength : null,
    ordering: value.ordering === true,
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

/** Whether the candidates are still only rated, one by one, and not yet put in order. */
export const isRating = (draft: RankingDraft, { rating }: Comparison): boolean =>
  rating?.flow === "rate-then-order" && !draft.ordering;

/** The first thing that is still missing before a ranking, or its first step, can be handed on. */
export type Missing =
  | { kind: "unplaced"; count: number }
  | { kind: "ungraded" }
  | { kind: "unopened"; label: string }
  | { kind: "unrated"; label: string };

export function whatIsMissing(draft: RankingDraft, comparison: Comparison): Missing | null {
  const labels = comparison.candidates.map(({ label }) => label);
  const grades = gradesFor(comparison.rating?.strength ?? "none", labels);
  const placed = new Set(tiersOf(draft.order).flat());
  const unplaced = labels.filter((label) => !placed.has(label));
  if (!isRating(draft, comparison)) {
    if (grades.length > 0 && !grades.some((grade) => isChosen(grade, draft.order, draft.strength)))
      return { kind: "ungraded" };
    if (unplaced.length > 0) return { kind: "unplaced", count: unplaced.length };
  }
  const unopened = labels.find((label) => !draft.opened.includes(label));
  if (unopened !== undefined) return { kind: "unopened", label: unopened };
  const unrated = labels.find((label) => draft.ratings[label] === undefined);
  if (comparison.rating?.required && unrated !== undefined) {
    return { kind: "unrated", label: unrated };
  }
  return null;
}

/** What a better reply begins with: the best so far, or the candidate at hand. */
export function startOfRewrite(
  draft: RankingDraft,
  comparison: Comparison,
  focused: string,
): string {
  const top = tiersOf(draft.order)[0] ?? [focused];
  const best = top.includes(focused) ? focused : top[0];
  return comparison.candidates.find(({ label }) => label === best)?.content ?? "";
}

export function rankingBody(
  draft: RankingDraft,
  comparison: Comparison,
  options: { key: string; cannotJudge: boolean; personalDataConfirmed: boolean },
): RankingRequest {
  const { comment, rewrite, openMilliseconds } = draft;
  // It began as a copy of one of them; a copy is nobody's better reply.
  const isCopy = comparison.candidates.some(({ content }) => content === rewrite);
  const judged = options.cannotJudge ? EMPTY_DRAFT : draft;
  return {
    key: options.key,
    cannot_judge: options.cannotJudge,
    tiers: tiersOf(judged.order).map((tier) => [...tier]),
    acceptable_tier: acceptableTiers(judged.order),
    strength: judged.strength,
    ratings: { ...judged.ratings },
    flags: Object.fromEntries(
      Object.entries(judged.flags)
        .filter(([, keys]) => keys.length > 0)
        .map(([label, keys]) => [label, [...keys]]),
    ),
    comment,
    rewrite: options.cannotJudge || isCopy ? "" : rewrite,
    personal_data_confirmed: options.personalDataConfirmed,
    open_milliseconds: Object.fromEntries(
      Object.entries(openMilliseconds).map(([label, ms]) => [label, Math.round(ms)]),
    ),
  };
}
