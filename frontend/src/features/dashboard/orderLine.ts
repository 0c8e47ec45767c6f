const FIRST_LETTER = "A".charCodeAt(0);

/** A candidate's letter by its stored index; a rater's page has letters of its own. */
export const letterOf = (index: number) => String.fromCharCode(FIRST_LETTER + index);

/** "B > A = C" from a tier a candidate; what has none is left out. */
export function orderLine(tiers: readonly (number | null)[]): string {
  const placed = tiers.filter((tier) => tier !== null);
  const numbers = [...new Set(placed)].sort((a, b) => a - b);
  return numbers
    .map((tier) =>
      tiers.flatMap((other, index) => (other === tier ? [letterOf(index)] : [])).join(" = "),
    )
    .join(" > ");
}

/** Every (better, worse) pair of candidates' indexes that stand on different tiers. */
export const strictPairs = (tiers: readonly (number | null)[]): [number, number][] =>
  tiers.flatMap((better, i) =>
    tiers.flatMap((worse, j): [number, number][] =>
      better !== null && worse !== null && better < worse ? [[i, j]] : [],
    ),
  );
