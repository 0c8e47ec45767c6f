/** What the options of a file may say, in the order in which they are offered. */
export const SPLIT_BY = ["prompt", "author"] as const;
export const TURNS = ["all", "last"] as const;
export const SYSTEM = ["drop", "prefix"] as const;
export const AGGREGATES = ["raters", "consensus", "borda"] as const;
export const PAIRS = ["all", "best-worst", "best-rest", "adjacent", "one"] as const;
export const TIES = ["drop", "half"] as const;
export const MARGINS = ["", "strength", "rating", "rank", "none"] as const;
export const PACKED = ["none", "gzip", "zstd", "parquet"] as const;
export const PERSONAL_DATA = ["hold", "mask", "keep"] as const;

/** Formats whose lines are pairs. */
export const PAIR_FORMATS = ["preference", "preference-implicit", "reward", "openai-dpo", "hh"];
/** Formats that have no place for a system turn, or may do without. */
export const WITHOUT_SYSTEM = ["hh", "nectar", "alpaca"];
/** Syntax, not language. */
export const SPLIT_EXAMPLE = "train=0.9,test=0.1";
export const MOST_HELD_OUT = 0.9;
/** As many people as a comparison may be asked to have. */
export const MOST_RATERS = 100;
