import type { Comparison } from "@/api/types";

import { acceptableTiers, LINE, tiersOf, type Order, type Tier } from "./order";

type Scale = NonNullable<Comparison["rating"]>["strength"];

/** One answer to "which of the two, and by how much". */
export interface Grade {
  /** The better one's letter, or null where they are equal. */
  readonly better: string | null;
  /** 3 is most; 0 is negligible, or equal. */
  readonly strength: 0 | 1 | 2 | 3;
}

const DOWN_TO = { none: null, "four-grades": 0, "minus-3-to-3": 1 } as const;

/** Every answer from "the first by far" to "the second by far"; none where no strength is asked. */
export function gradesFor(scale: Scale, labels: readonly string[]): Grade[] {
  const [first, second] = labels;
  const least = DOWN_TO[scale];
  if (least === null || first === undefined || second === undefined || labels.length > 2) return [];
  const strengths = ([3, 2, 1, 0] as const).filter((strength) => strength >= least);
  return [
    ...strengths.map((strength): Grade => ({ better: first, strength })),
    ...(least === 0 ? [] : [{ better: null, strength: 0 } as const]),
    ...strengths.toReversed().map((strength): Grade => ({ better: second, strength })),
  ];
}

/** The order that a grade means; how many replies are fit to send stays as it was. */
export function orderOf(grade: Grade, labels: readonly string[], before: Order): Order {
  const tiers: Tier[] =
    grade.better === null
      ? [labels]
      : [[grade.better], labels.filter((label) => label !== grade.better)];
  const acceptable = acceptableTiers(before);
  if (acceptable === null) return tiers;
  const all = acceptable > 0 && acceptable === tiersOf(before).length;
  return (tiers as Order).toSpliced(all ? tiers.length : Math.min(acceptable, 1), 0, LINE);
}

/** Whether this is the answer that the draft holds. */
export function isChosen(grade: Grade, order: Order, strength: number | null): boolean {
  const [top] = tiersOf(order);
  if (top === undefined || strength !== grade.strength) return false;
  return grade.better === null ? top.length === 2 : top.length === 1 && top[0] === grade.better;
}
