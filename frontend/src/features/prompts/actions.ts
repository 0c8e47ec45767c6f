import type { Action } from "@/lib/actions";

export interface PromptsContext {
  openForm: () => void;
  openHandOut: () => void;
}

export const addPromptsAction: Action<PromptsContext> = {
  id: "prompts.add",
  label: "prompts.add",
  keys: ["n"],
  perform: ({ openForm }) => openForm(),
};

export const handOutAction: Action<PromptsContext> = {
  id: "prompts.handOut",
  label: "prompts.handOut",
  keys: ["o"],
  perform: ({ openHandOut }) => openHandOut(),
};

export const promptsActions: readonly Action<PromptsContext>[] = [addPromptsAction, handOutAction];
