import type { Served, ServedRequest, ServedUse } from "@/api/types";

import {
  areGoodParams,
  asParamsRequest,
  paramBounds,
  paramsOf,
  USUAL,
  type NumberParam,
  type Params,
} from "./params";

export const USES: readonly ServedUse[] = ["draft", "chat", "candidate"];

/** One row of the table while it is edited; a field that is being typed may be empty. */
export type ServedRow = Params & {
  policy: number;
  name: string;
  use: ServedUse;
  weight: number | string;
};

export type ServedField = "weight" | NumberParam;

const WEIGHT_BOUNDS: readonly [least: number, most: number] = [0.001, 1_000];

export const boundsOf = (field: ServedField) =>
  field === "weight" ? WEIGHT_BOUNDS : paramBounds(field);

export const rowsOf = (served: readonly Served[]): ServedRow[] =>
  served.map((row) => ({
    policy: row.policy,
    name: row.policy_name,
    use: row.use,
    weight: row.weight,
    ...paramsOf(row),
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
  return [...rows, { policy, name, use, weight: 1, ...USUAL }];
}

export const withoutRow = (
  rows: readonly ServedRow[],
  policy: number,
  use: ServedUse,
): ServedRow[] => rows.filter((row) => !isSame(row, policy, use));

export const withChange = (
  rows: readonly ServedRow[],
  target: ServedRow,
  change: Partial<Params & Pick<ServedRow, "weight">>,
): ServedRow[] => rows.map((row) => (row === target ? { ...row, ...change } : row));

const hasGoodWeight = ({ weight }: ServedRow): boolean =>
  typeof weight === "number" && weight >= WEIGHT_BOUNDS[0] && weight <= WEIGHT_BOUNDS[1];

export const areGood = (rows: readonly ServedRow[]): boolean =>
  rows.every((row) => hasGoodWeight(row) && areGoodParams(row));

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
    ...asParamsRequest(row),
  }));

export const isChanged = (rows: readonly ServedRow[], served: readonly Served[]): boolean =>
  JSON.stringify(rows) !== JSON.stringify(rowsOf(served));
