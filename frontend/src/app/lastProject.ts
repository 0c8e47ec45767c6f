import { readStored, writeStored } from "@/lib/preferences";

const KEY = "labelhub.project";

export const lastProject = (): string | null =>
  readStored(KEY, (value) => (typeof value === "string" ? value : null));

export const rememberProject = (slug: string): void => void writeStored(KEY, slug);
