import type { Recipe, RecipeContents, RecipeSource } from "@/api/types";

export type Kind = Recipe["kind"];

export const KINDS: readonly Kind[] = ["sft", "comparisons"];

/** What a recipe says before anybody has said anything: the whole project, screened. */
export const freshContents = (slug: string): RecipeContents => ({
  sources: [freshSource(slug, 1)],
  seed: 0,
  near_duplicates: true,
  personal_data: "hold",
  benchmarks: [],
  tokenizer: "",
  criterion: "",
  file: { format: "messages" },
});

export const freshSource = (slug: string, number: number): RecipeSource => ({
  name: `source-${number}`,
  project: slug,
});
