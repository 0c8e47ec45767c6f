const FIRST_LETTER = "A".charCodeAt(0);

/** A candidate's letter by its stored index; a rater's page has letters of its own. */
export const letterOf = (index: number) => String.fromCharCode(FIRST_LETTER + index);

/** "B > A = C" from a tier a candidate. */
export function orderLine(tiers: readonly number[]): string {
  const numbers = [...new Set(tiers)].sort((a, b) => a - b);
  return numbers
    .map((tier) =>
      tiers.flatMap((other, index) => (other === tier ? [letterOf(index)] : [])).join(" = "),
    )
    .join(" > ");
}
