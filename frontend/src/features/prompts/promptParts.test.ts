import { expect, it } from "vitest";

import type { NewPrompt } from "@/api/types";

import { partsOf } from "./promptParts";

const prompt = (text: string): NewPrompt => ({
  kind: "prompt",
  text,
  category: "",
  language: "en",
  sensitivity: [],
});

it("sends no more prompts at once than the server takes", () => {
  const many = Array.from({ length: 2_001 }, (_, n) => prompt(`Question ${n}?`));
  const parts = partsOf(many);
  expect(parts.map((part) => part.length)).toEqual([1_000, 1_000, 1]);
  expect(parts.flat()).toEqual(many);
});

it("sends no more bytes at once than the server takes", () => {
  // Three bytes each in UTF-8.
  const long = Array.from({ length: 60 }, () => prompt("水".repeat(50_000)));
  const parts = partsOf(long);
  expect(parts.flat()).toHaveLength(60);
  for (const part of parts) {
    const body = JSON.stringify({ prompts: part, licence: "" });
    expect(new TextEncoder().encode(body).length).toBeLessThan(4 * 1024 * 1024);
  }
  expect(parts).toHaveLength(3);
});

it("sends nothing where there is nothing", () => {
  expect(partsOf([])).toEqual([]);
});
