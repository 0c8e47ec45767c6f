import { isRecord } from "@/api/errors";
import type { Message } from "@/api/types";

/** A turn while it is being written, as it is autosaved. Blank content means nothing is in progress. */
export interface TurnText {
  readonly role: Message["role"];
  readonly content: string;
  /** The draft that was inserted, whatever became of it since. */
  readonly draft: number | null;
  /** Only words or a selection of it were taken. */
  readonly draft_part: boolean;
  readonly pasted_characters: number;
}

const ROLES: readonly Message["role"][] = ["system", "user", "assistant"];

/** The role as this page knows it; what an import called otherwise reads as the user's. */
export const knownRole = (role: string): Message["role"] =>
  ROLES.find((known) => known === role) ?? "user";

export const blankTurn = (role: Message["role"]): TurnText => ({
  role,
  content: "",
  draft: null,
  draft_part: false,
  pasted_characters: 0,
});

export function parseTurnText(value: unknown): TurnText | null {
  if (!isRecord(value)) return null;
  const role = ROLES.find((known) => known === value.role);
  if (role === undefined || typeof value.content !== "string") return null;
  return {
    role,
    content: value.content,
    draft: typeof value.draft === "number" ? value.draft : null,
    draft_part: value.draft_part === true,
    pasted_characters: typeof value.pasted_characters === "number" ? value.pasted_characters : 0,
  };
}

/**
 * Autosaves are told apart by number: a turn of the thread has its place, the one that is written at its
 * end has this one wherever the end moves to, and those that go in between have the numbers after it.
 */
export const NEXT_TURN = 5_999;
export const TURNS_BETWEEN = 6_000;

export const isBlank = ({ content }: TurnText): boolean => content.trim() === "";

/** Whether the answer that is due, or else a question with its answer, still goes in. */
export function hasRoom(messages: readonly Pick<Message, "role">[], mostTurns: number): boolean {
  const nTurns = messages.filter(({ role }) => role !== "system").length;
  return nTurns + (nextRoles(messages).includes("assistant") ? 1 : 2) <= mostTurns;
}

/** Whether the words are in the thread already: the page was gone before it could forget them. */
export function isSaid(
  { role, content }: TurnText,
  messages: readonly Pick<Message, "role" | "content">[],
): boolean {
  return messages.findLast((message) => message.role === role)?.content.trim() === content.trim();
}

/** Who may speak next: the sides alternate, and a system message can only come first. */
export function nextRoles(messages: readonly Pick<Message, "role">[]): Message["role"][] {
  const last = messages.at(-1);
  if (last === undefined) return ["user", "system"];
  return last.role === "user" ? ["assistant"] : ["user"];
}
