/**
 * The order a rater builds: rows from best to worst. A row is a tier (candidates judged equal) or the
 * acceptable line, above which a reply is fit to send. Candidates in no row are not ranked yet.
 */
export const LINE = "line";

export type Tier = readonly string[];
export type Row = Tier | typeof LINE;
export type Order = readonly Row[];

const isTier = (row: Row | undefined): row is Tier => row !== undefined && row !== LINE;
const withoutEmpty = (order: Order): Order => order.filter((row) => !isTier(row) || row.length > 0);
const rowOf = (order: Order, name: string): number =>
  order.findIndex((row) => isTier(row) && row.includes(name));
const withoutName = (order: Order, name: string): Order =>
  order.map((row) => (isTier(row) ? row.filter((other) => other !== name) : row));

export const tiersOf = (order: Order): Tier[] => order.filter(isTier);

/** How many tiers stand above the line; null where the rater drew none. */
export function acceptableTiers(order: Order): number | null {
  const line = order.indexOf(LINE);
  return line === -1 ? null : tiersOf(order.slice(0, line)).length;
}

/** The tier's place counted from 1, or null while the candidate is not ranked. */
export function tierNumber(order: Order, name: string): number | null {
  const index = tiersOf(order).findIndex((tier) => tier.includes(name));
  return index === -1 ? null : index + 1;
}

/** Takes the candidate out; a tier left empty goes, the line stays where it was. */
export const unrank = (order: Order, name: string): Order => withoutEmpty(withoutName(order, name));

function joinTier(order: Order, name: string, target: Tier): Order {
  if (target.includes(name)) return order;
  const at = order.indexOf(target);
  return withoutEmpty(withoutName(order, name).with(at, [...target, name]));
}

/** Makes the candidate a tier of its own in the gap before the row with this index. */
export const insertAt = (order: Order, name: string, gap: number): Order =>
  withoutEmpty(withoutName(order, name).toSpliced(gap, 0, [name]));

/** Puts the candidate into the tier with this number, or into a new last one when there are fewer. */
export function placeInTier(order: Order, name: string, number: number): Order {
  const target = tiersOf(order)[number - 1];
  return target === undefined ? insertAt(order, name, order.length) : joinTier(order, name, target);
}

/**
 * One step up or down. A tied candidate leaves its tier, a lone one crosses the line or joins the next
 * tier, so that every order can be reached; one that is not ranked comes in last.
 */
export function step(order: Order, name: string, direction: "up" | "down"): Order {
  const at = rowOf(order, name);
  const row = order[at];
  if (!isTier(row)) return insertAt(order, name, order.length);
  if (row.length > 1) return insertAt(order, name, direction === "up" ? at : at + 1);
  const beside = direction === "up" ? at - 1 : at + 1;
  const next = order[beside];
  if (next === undefined) return order;
  return next === LINE ? order.with(beside, row).with(at, LINE) : joinTier(order, name, next);
}

/** Ties the candidate with the tier above it; one that is not ranked joins the last tier. */
export function tieWithAbove(order: Order, name: string): Order {
  const at = rowOf(order, name);
  const above = order.slice(0, at === -1 ? order.length : at).findLast(isTier);
  return above === undefined ? insertAt(order, name, order.length) : joinTier(order, name, above);
}

/** Draws the line in the gap before the row with this index; takes it away when it is there already. */
export function lineAt(order: Order, gap: number): Order {
  const line = order.indexOf(LINE);
  if (line === -1) return order.toSpliced(gap, 0, LINE);
  const without = order.toSpliced(line, 1);
  if (gap === line || gap === line + 1) return without;
  return without.toSpliced(gap > line ? gap - 1 : gap, 0, LINE);
}

/** Draws the line under the candidate's tier, or takes it away from there. */
export function lineBelow(order: Order, name: string): Order {
  const at = rowOf(order, name);
  return at === -1 ? order : lineAt(order, at + 1);
}
