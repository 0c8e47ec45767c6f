import type { Action } from "@/lib/actions";

import { toastRefusal } from "../toast";

/** What every page on which a task is done can do. */
export interface WorkContext {
  canSubmit: boolean;
  /** What still keeps the task from being submitted, in words. */
  missing: string | null;
  busy: boolean;
  submit: () => void;
  openSkip: () => void;
  guideline: number | null;
  openGuideline: () => void;
  openQuestions: () => void;
}

export const submitAction: Action<WorkContext> = {
  id: "work.submit",
  label: "work.submit",
  keys: ["mod+Enter"],
  enabled: ({ canSubmit, busy }) => canSubmit && !busy,
  perform: ({ submit }) => submit(),
  refuse: ({ missing, busy }) => {
    if (missing !== null && !busy) toastRefusal(missing);
  },
};

export const skipAction: Action<WorkContext> = {
  id: "work.skip",
  label: "work.skip",
  keys: ["alt+s"],
  enabled: ({ busy }) => !busy,
  perform: ({ openSkip }) => openSkip(),
};

export const guidelineAction: Action<WorkContext> = {
  id: "work.guideline",
  label: "work.guideline",
  keys: ["alt+g"],
  enabled: ({ guideline }) => guideline !== null,
  perform: ({ openGuideline }) => openGuideline(),
};

export const questionsAction: Action<WorkContext> = {
  id: "work.questions",
  label: "work.questions",
  keys: ["alt+q"],
  perform: ({ openQuestions }) => openQuestions(),
};

export const workActions: readonly Action<WorkContext>[] = [
  submitAction,
  skipAction,
  guidelineAction,
  questionsAction,
];
