import type { Assignment, Conversation } from "@/api/types";

import { isBlank, parseTurnText } from "./turnText";

/** The turn whose rewriting was begun and neither saved nor given up, by its place. */
export function unfinishedEdit(
  { autosaves }: Assignment,
  { messages }: Conversation,
): number | null {
  const unfinished = autosaves.find(({ turn, payload }) => {
    const text = parseTurnText(payload);
    const message = messages[turn];
    return message && text !== null && !isBlank(text) && text.content !== message.content;
  });
  return unfinished?.turn ?? null;
}
