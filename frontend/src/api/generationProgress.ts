import { isRecord } from "./errors";
import type { Generation } from "./types";

type State = Generation["state"];

export interface CompletionText {
  readonly index: number;
  readonly text: string;
  readonly finishReason: string | null;
}

/** What has arrived of one generation so far. */
export interface GenerationProgress {
  readonly attempt: number;
  readonly state: State;
  readonly completions: readonly CompletionText[];
  readonly error: { code: string; detail: string } | null;
}

export const NOTHING_YET: GenerationProgress = {
  attempt: 0,
  state: "queued",
  completions: [],
  error: null,
};

export interface Delta {
  kind: "delta";
  generation: number;
  attempt: number;
  index: number;
  offset: number;
  text: string;
}

export interface End {
  kind: "end";
  generation: number;
  attempt: number;
  state: State;
  error: { code: string; detail: string } | null;
  completions: CompletionText[];
}

export type GenerationEvent = Delta | End;

export const isEnded = (progress: GenerationProgress): boolean =>
  progress.state === "done" || progress.state === "failed" || progress.state === "cancelled";

const STATES: readonly State[] = ["queued", "running", "done", "failed", "cancelled"];

/** Reads one event of the stream; null for a kind this version does not know. */
export function readGenerationEvent(kind: string, body: unknown): GenerationEvent | null {
  if (!isRecord(body)) return null;
  const generation = Number(body.generation);
  const attempt = Number(body.attempt);
  if (kind === "delta") {
    const [index, offset] = [Number(body.index), Number(body.offset)];
    return { kind, generation, attempt, index, offset, text: String(body.text) };
  }
  const state = STATES.find((known) => known === body.state);
  if (kind !== "end" || state === undefined) return null;
  const completions = Array.isArray(body.completions) ? body.completions.filter(isRecord) : [];
  return {
    kind,
    generation,
    attempt,
    state,
    error: isRecord(body.error)
      ? { code: String(body.error.code), detail: String(body.error.detail) }
      : null,
    completions: completions.map((completion) => ({
      index: Number(completion.index),
      text: String(completion.text),
      finishReason: typeof completion.finish_reason === "string" ? completion.finish_reason : null,
    })),
  };
}

/** Adds one event. A piece that came twice changes nothing; an older attempt is ignored. */
export function applyEvent(
  progress: GenerationProgress,
  event: GenerationEvent,
): GenerationProgress {
  if (event.attempt < progress.attempt || isEnded(progress)) return progress;
  const current =
    event.attempt > progress.attempt ? { ...NOTHING_YET, attempt: event.attempt } : progress;
  if (event.kind === "end") {
    const { state, error, completions } = event;
    return { ...current, state, error, completions };
  }
  const before = current.completions.find(({ index }) => index === event.index)?.text ?? "";
  // The server counts characters, JavaScript counts UTF-16 units: an emoji is one of the former.
  const characters = Array.from(before);
  // After a missing piece nothing more can be added; the closing event brings the whole text.
  if (event.offset > characters.length) return { ...current, state: "running" };
  const text = characters.slice(0, event.offset).join("") + event.text;
  if (text.length < before.length) return current;
  return {
    ...current,
    state: "running",
    completions: [
      ...current.completions.filter(({ index }) => index !== event.index),
      { index: event.index, text, finishReason: null },
    ].sort((a, b) => a.index - b.index),
  };
}

/** Takes the text that the server has stored, which is whole up to its moment. */
export function fromStored(generation: Generation): GenerationProgress {
  return {
    attempt: generation.attempt,
    state: generation.state,
    error: generation.error ?? null,
    completions: generation.completions.map(({ index, text, finish_reason }) => ({
      index,
      text,
      finishReason: finish_reason,
    })),
  };
}
