import { tiersOf, type Order } from "./order";

export interface Contradiction {
  readonly above: string;
  readonly below: string;
}

/** Candidates that stand above others though they are rated lower; worth a look, not forbidden. */
export function contradictions(
  order: Order,
  ratings: Readonly<Record<string, number>>,
): Contradiction[] {
  const tiers = tiersOf(order);
  return tiers.flatMap((tier, index) =>
    tier.flatMap((above) =>
      tiers
        .slice(index + 1)
        .flat()
        .filter((below) => {
          const [higher, lower] = [ratings[above], ratings[below]];
          return higher !== undefined && lower !== undefined && higher < lower;
        })
        .map((below) => ({ above, below })),
    ),
  );
}
