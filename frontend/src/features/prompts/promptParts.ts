import type { NewPrompt } from "@/api/types";

/** What the server takes at once: so many prompts, and requests of 4 MiB. */
const AT_ONCE = 1_000;
const BYTES_AT_ONCE = 3_500_000;

const bytes = new TextEncoder();

/** The prompts in their order, in as few requests as the server takes. */
export function partsOf(prompts: readonly NewPrompt[]): NewPrompt[][] {
  const parts: NewPrompt[][] = [];
  let left = 0;
  for (const prompt of prompts) {
    const size = bytes.encode(JSON.stringify(prompt)).length + 1;
    const part = parts.at(-1);
    if (part === undefined || part.length === AT_ONCE || size > left) {
      parts.push([prompt]);
      left = BYTES_AT_ONCE - size;
    } else {
      part.push(prompt);
      left -= size;
    }
  }
  return parts;
}
