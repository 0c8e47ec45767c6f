import type { Served } from "@/api/types";

export type NumberParam =
  "temperature" | "topP" | "maxTokens" | "topK" | "minP" | "repetitionPenalty";
export type TextParam = "stop" | "stopTokenIds";

/** How completions are drawn while it is edited; a number that is being typed may be empty. */
export type Params = Record<NumberParam, number | string> & Record<TextParam, readonly string[]>;

/** What a request says of them, and what a row that serves holds. */
export type ParamsRequest = Pick<
  Served,
  | "temperature"
  | "top_p"
  | "top_k"
  | "min_p"
  | "repetition_penalty"
  | "max_tokens"
  | "stop"
  | "stop_token_ids"
>;

export const USUAL: Params = {
  temperature: 1,
  topP: 1,
  maxTokens: 512,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  stop: [],
  stopTokenIds: [],
};

/** Those that few change, and that therefore stay folded away. */
export const FINE_NUMBERS = ["topK", "minP", "repetitionPenalty"] as const;
export const MOST_STOPS = 16;
const MOST_STOP_CHARACTERS = 200;
const MOST_TOKEN_ID = 2 ** 24;

const BOUNDS: Readonly<Record<NumberParam, readonly [least: number, most: number]>> = {
  temperature: [0, 5],
  topP: [0.001, 1],
  maxTokens: [1, 32_768],
  topK: [0, MOST_TOKEN_ID],
  minP: [0, 1],
  repetitionPenalty: [0.1, 10],
};
const STEPS: Readonly<Record<NumberParam, number>> = {
  temperature: 0.1,
  topP: 0.05,
  maxTokens: 64,
  topK: 10,
  minP: 0.01,
  repetitionPenalty: 0.05,
};

export const paramBounds = (field: NumberParam) => BOUNDS[field];
export const stepOf = (field: NumberParam) => STEPS[field];
export const isWhole = (field: NumberParam) => field === "maxTokens" || field === "topK";

/** A stop string as it is typed: line breaks and tabs are written \n and \t. */
export const shownStop = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");

export const typedStop = (text: string): string =>
  text.replaceAll(/\\([\\nt])/g, (_, letter: string) =>
    letter === "n" ? "\n" : letter === "t" ? "\t" : "\\",
  );

export const isStop = (typed: string): boolean =>
  typed !== "" && typedStop(typed).length <= MOST_STOP_CHARACTERS;

export const isTokenId = (typed: string): boolean =>
  /^\d{1,8}$/.test(typed) && Number(typed) <= MOST_TOKEN_ID;

export const paramsOf = (row: ParamsRequest): Params => ({
  temperature: row.temperature,
  topP: row.top_p,
  maxTokens: row.max_tokens,
  topK: row.top_k,
  minP: row.min_p,
  repetitionPenalty: row.repetition_penalty,
  stop: row.stop.map(shownStop),
  stopTokenIds: row.stop_token_ids.map(String),
});

export const isGoodNumber = (params: Params, field: NumberParam): boolean => {
  const value = params[field];
  const [least, most] = BOUNDS[field];
  return typeof value === "number" && value >= least && value <= most;
};

export const areGoodParams = (params: Params): boolean =>
  (["temperature", "topP", "maxTokens", ...FINE_NUMBERS] as const).every((field) =>
    isGoodNumber(params, field),
  );

/** Call it only for params that are good. */
export const asParamsRequest = (params: Params): ParamsRequest => ({
  temperature: Number(params.temperature),
  top_p: Number(params.topP),
  max_tokens: Number(params.maxTokens),
  top_k: Number(params.topK),
  min_p: Number(params.minP),
  repetition_penalty: Number(params.repetitionPenalty),
  stop: params.stop.map(typedStop),
  stop_token_ids: params.stopTokenIds.map(Number),
});

/** Which of those folded away say something. */
export const unusualOf = (params: Params): (NumberParam | TextParam)[] => [
  ...FINE_NUMBERS.filter((field) => params[field] !== USUAL[field]),
  ...(["stop", "stopTokenIds"] as const).filter((field) => params[field].length > 0),
];
