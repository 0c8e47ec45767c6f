import type { Action } from "@/lib/actions";

export interface ProgressContext {
  openSampling: () => void;
}

export const sampleAction: Action<ProgressContext> = {
  id: "progress.sample",
  label: "progress.sample",
  keys: ["s"],
  perform: ({ openSampling }) => openSampling(),
};

export const progressActions: readonly Action<ProgressContext>[] = [sampleAction];
