import type { Served, ServedRequest, ServedUse } from "@/api/types";

export const USES: readonly ServedUse[] = ["draft", "chat", "candidate"];

/** One row of the table while it is edited; a field that is being typed may be empty. */
export interface ServedRow {
  policy: number;
  name: string;
  use: ServedUse;
  weight: number | string;
  temperature: number | string;
  topP: number | string;
  maxTokens: number | string;
}

export type ServedField = "weight" | "temperature" | "topP" | "maxTokens";

const BOUNDS: Readonly<Record<ServedField, readonly [least: number, most: number]>> = {
  weight: [0.001, 1_000],
  temperature: [0, 5],
  topP: [0.001, 1],
  maxTokens: [1, 32_768],
};

export const boundsOf = (field: ServedField) => BOUNDS[field];

export const rowsOf = (served: readonly Served[]): ServedRow[] =>
  served.map((row) => ({
    policy: row.policy,
    name: row.policy_name,
    use: row.use,
    weight: row.weight,
    temperature: row.temperature,
    topP: row.top_p,
    maxTokens: row.max_tokens,
  }));

const isSame = (row: ServedRow, policy: number, use: ServedUse) =>
  row.policy === policy && row.use === use;

export const holds = (rows: readonly ServedRow[], policy: number, use: ServedUse): boolean =>
  rows.some((row) => isSame(row, policy, use));

/** Adds a policy for a use with the usual parameters; one that serves it already stays as it is. */
export function withRow(
  rows: readonly ServedRow[],
  { policy, name, use }: Pick<ServedRow, "policy" | "name" | "use">,
): ServedRow[] {
  if (holds(rows, policy, use)) return [...rows];
  const usual = { weight: 1, temperature: 1, topP: 1, maxTokens: 512 };
  return [...rows, { policy, name, use, ...usual }];
}

export const withoutRow = (
  rows: readonly ServedRow[],
  policy: number,
  use: ServedUse,
): ServedRow[] => rows.filter((row) => !isSame(row, policy, use));

export const withField = (
  rows: readonly ServedRow[],
  target: ServedRow,
  field: ServedField,
  value: number | string,
): ServedRow[] => rows.map((row) => (row === target ? { ...row, [field]: value } : row));

const isGood = (row: ServedRow, field: ServedField): boolean => {
  const value = row[field];
  const [least, most] = BOUNDS[field];
  return typeof value === "number" && value >= least && value <= most;
};

export const areGood = (rows: readonly ServedRow[]): boolean =>
  rows.every((row) =>
    (["weight", "temperature", "topP", "maxTokens"] as const).every((field) => isGood(row, field)),
  );

/**
 * The share of a use's requests that a row is drawn for. `drawn` says which policies take requests:
 * the weight of a retired one is nobody's.
 */
export function shareOf(
  rows: readonly ServedRow[],
  row: ServedRow,
  drawn: (policy: number) => boolean,
): number {
  const weightOf = (each: ServedRow) =>
    drawn(each.policy) && typeof each.weight === "number" ? each.weight : 0;
  const total = rows
    .filter(({ use }) => use === row.use)
    .reduce((sum, each) => sum + weightOf(each), 0);
  return total === 0 ? 0 : weightOf(row) / total;
}

/** What the server is sent; call it only for rows that are good. */
export const asRequest = (rows: readonly ServedRow[]): ServedRequest[] =>
  rows.map((row) => ({
    policy: row.policy,
    use: row.use,
    weight: Number(row.weight),
    temperature: Number(row.temperature),
    top_p: Number(row.topP),
    max_tokens: Number(row.maxTokens),
  }));

export const isChanged = (rows: readonly ServedRow[], served: readonly Served[]): boolean =>
  JSON.stringify(rows) !== JSON.stringify(rowsOf(served));
