import type { NewPrompt } from "@/api/types";

/** What a prompt has besides its text, where its line does not say. */
export type Defaults = Omit<NewPrompt, "text">;

interface Read {
  prompts: NewPrompt[];
  /** Lines that could not be read, by number. */
  bad: number[];
}

const KINDS: readonly NewPrompt["kind"][] = ["prompt", "brief", "free"];

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined;

function fromJson(line: string, defaults: Defaults): NewPrompt | null {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof row !== "object" || row === null) return null;
  const fields = new Map<string, unknown>(Object.entries(row));
  const text = textOf(fields.get("text")) ?? textOf(fields.get("prompt"));
  if (text === undefined) return null;
  return {
    ...defaults,
    text,
    kind: KINDS.find((kind) => kind === fields.get("kind")) ?? defaults.kind,
    category: textOf(fields.get("category")) ?? defaults.category,
    language: textOf(fields.get("language")) ?? defaults.language,
  };
}

/** A prompt for each line: JSON objects with `text` or `prompt`, or plain text. */
export function promptsFromLines(text: string, defaults: Defaults): Read {
  const read: Read = { prompts: [], bad: [] };
  text.split(/\r?\n/).forEach((line, index) => {
    const said = line.trim();
    if (said === "") return;
    const prompt = said.startsWith("{") ? fromJson(said, defaults) : { ...defaults, text: said };
    if (prompt === null) read.bad.push(index + 1);
    else read.prompts.push(prompt);
  });
  return read;
}
