import type { DatasetVersion, Freezing, Recipe } from "@/api/types";

export const contents: Recipe["contents"] = {
  sources: [{ name: "§", project: "demo" }],
  file: { format: "§" },
};

/** A trial that has counted. */
export const freezing = (more: Partial<Freezing>): Freezing => ({
  id: 4,
  is_trial: true,
  state: "done",
  stage: "screening",
  n_rows: 12,
  n_through: 12,
  contents,
  table: {
    rows: 12,
    tokens: 340,
    sources: [{ name: "§", project: "demo", rows: 12, tokens: 340, excluded: {} }],
    categories: [{ name: "§", rows: 12, tokens: 340 }],
    languages: [{ name: "en", rows: 12, tokens: 340 }],
  },
  version: null,
  error: null,
  created_at: "2026-01-01T10:00:00Z",
  finished_at: "2026-01-01T10:00:02Z",
  ...more,
});

export const recipe = (more: Partial<Recipe>): Recipe => ({
  id: 2,
  name: "§",
  kind: "sft",
  contents,
  changed_at: "2026-01-01T09:00:00Z",
  latest: null,
  ...more,
});

export const frozenVersion: DatasetVersion = {
  id: 7,
  recipe: "§",
  recipe_id: 2,
  number: 1,
  kind: "sft",
  rows: 12,
  tokens: 340,
  format: "§",
  sha256: "",
  n_bytes: 4_096,
  created_at: "2026-01-01T10:00:00Z",
  withdrawn_at: null,
  withdrawn_because: "",
};
