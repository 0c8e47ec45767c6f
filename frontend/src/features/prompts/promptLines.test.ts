import { expect, it } from "vitest";

import { promptsFromLines } from "./promptLines";

const defaults = { kind: "prompt", category: "qa", language: "en", sensitivity: [] } as const;
const given = { ...defaults, sensitivity: [] };

it("takes each line of plain text", () => {
  expect(promptsFromLines("Why?\n\n  How? \r\n", given)).toEqual({
    prompts: [
      { ...given, text: "Why?" },
      { ...given, text: "How?" },
    ],
    bad: [],
  });
});

it("takes what a line of JSON says and names lines it cannot read", () => {
  const lines = [
    '{"prompt": "Pourquoi ?", "language": "fr", "kind": "brief"}',
    '{"text": ""}',
    '{"text": "Broken',
    '{"text": "Fun", "category": "fun", "kind": "odd"}',
  ];
  expect(promptsFromLines(lines.join("\n"), given)).toEqual({
    prompts: [
      { ...given, text: "Pourquoi ?", language: "fr", kind: "brief" },
      { ...given, text: "Fun", category: "fun" },
    ],
    bad: [2, 3],
  });
});
