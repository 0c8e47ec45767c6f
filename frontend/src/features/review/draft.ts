import { isRecord } from "@/api/errors";

/** Turns are autosaved by their position; the review itself under the number that no turn has. */
export const REVIEW_TURN = 9_999;

/** A review in the making, as it is autosaved: the overall comment and one for each turn by message. */
export interface ReviewDraft {
  /** Of an entry exam, where one has been chosen. */
  readonly score: number | null;
  readonly comment: string;
  readonly comments: Readonly<Record<string, string>>;
}

export const EMPTY_REVIEW: ReviewDraft = { score: null, comment: "", comments: {} };

export function parseReviewDraft(value: unknown): ReviewDraft | null {
  if (!isRecord(value) || typeof value.comment !== "string" || !isRecord(value.comments)) {
    return null;
  }
  const comments = Object.entries(value.comments).flatMap(([message, text]) =>
    typeof text === "string" ? [[message, text] as const] : [],
  );
  const score = typeof value.score === "number" ? value.score : null;
  return { score, comment: value.comment, comments: Object.fromEntries(comments) };
}

/** The comments that say something, in the shape the server takes. */
export const turnComments = ({ comments }: ReviewDraft): { message: number; text: string }[] =>
  Object.entries(comments)
    .filter(([, text]) => text.trim() !== "")
    .map(([message, text]) => ({ message: Number(message), text }));
