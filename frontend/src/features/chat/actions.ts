import { submitAction, workActions, type WorkContext } from "@/components/work";
import type { Action } from "@/lib/actions";

export interface ChatContext extends WorkContext {
  canSend: boolean;
  send: () => void;
  replying: boolean;
  stop: () => void;
  canRegenerate: boolean;
  regenerate: () => void;
  canContinue: boolean;
  continueReply: () => void;
  moveTurn: (step: -1 | 1) => void;
}

/** In a chat the task ends when the person says so. */
export const finishAction: Action<WorkContext> = { ...submitAction, label: "chat.finish" };

export const sendAction: Action<ChatContext> = {
  id: "chat.send",
  label: "chat.send",
  // Enter sends from the text itself; this works from anywhere on the page.
  keys: ["alt+Enter"],
  enabled: ({ canSend }) => canSend,
  perform: ({ send }) => send(),
};

export const stopAction: Action<ChatContext> = {
  id: "chat.stop",
  label: "chat.stop",
  keys: ["alt+x"],
  enabled: ({ replying }) => replying,
  perform: ({ stop }) => stop(),
};

export const regenerateAction: Action<ChatContext> = {
  id: "chat.regenerate",
  label: "chat.regenerate",
  keys: ["alt+r"],
  enabled: ({ canRegenerate }) => canRegenerate,
  perform: ({ regenerate }) => regenerate(),
};

export const continueAction: Action<ChatContext> = {
  id: "chat.continue",
  label: "chat.continue",
  keys: ["alt+c"],
  enabled: ({ canContinue }) => canContinue,
  perform: ({ continueReply }) => continueReply(),
};

export const chatActions: readonly Action<ChatContext>[] = [
  ...workActions.map((action) => (action.id === submitAction.id ? finishAction : action)),
  sendAction,
  stopAction,
  regenerateAction,
  continueAction,
  {
    id: "chat.turnUp",
    label: "thread.turnUp",
    keys: ["alt+ArrowUp"],
    perform: ({ moveTurn }) => moveTurn(-1),
  },
  {
    id: "chat.turnDown",
    label: "thread.turnDown",
    keys: ["alt+ArrowDown"],
    perform: ({ moveTurn }) => moveTurn(1),
  },
];
