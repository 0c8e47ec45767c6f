import { workActions, type WorkContext } from "@/components/work";
import type { Action } from "@/lib/actions";

export interface DemonstrationContext extends WorkContext {
  canAddTurn: boolean;
  addTurn: () => void;
  canDraft: boolean;
  requestDrafts: () => void;
  draftsOpen: boolean;
  chooseDraft: (step: -1 | 1) => void;
  insertDraft: () => void;
  dismissDrafts: () => void;
  togglePreview: () => void;
  /** Only the first turn may be either side's. */
  canSwitchRole: boolean;
  switchRole: () => void;
  moveTurn: (step: -1 | 1) => void;
}

export const addTurnAction: Action<DemonstrationContext> = {
  id: "demonstration.addTurn",
  label: "demonstration.addTurn",
  keys: ["alt+Enter"],
  enabled: ({ canAddTurn, busy }) => canAddTurn && !busy,
  perform: ({ addTurn }) => addTurn(),
};

export const draftsAction: Action<DemonstrationContext> = {
  id: "demonstration.drafts",
  label: "demonstration.drafts",
  keys: ["alt+j", "alt+r"],
  enabled: ({ canDraft }) => canDraft,
  perform: ({ requestDrafts }) => requestDrafts(),
};

export const insertDraftAction: Action<DemonstrationContext> = {
  id: "demonstration.insertDraft",
  label: "demonstration.insertDraft",
  keys: ["alt+i"],
  enabled: ({ draftsOpen }) => draftsOpen,
  perform: ({ insertDraft }) => insertDraft(),
};

export const dismissDraftsAction: Action<DemonstrationContext> = {
  id: "demonstration.dismissDrafts",
  label: "demonstration.dismissDrafts",
  keys: ["alt+x"],
  enabled: ({ draftsOpen }) => draftsOpen,
  perform: ({ dismissDrafts }) => dismissDrafts(),
};

export const previewAction: Action<DemonstrationContext> = {
  id: "demonstration.preview",
  label: "demonstration.preview",
  keys: ["alt+p"],
  perform: ({ togglePreview }) => togglePreview(),
};

export const demonstrationActions: readonly Action<DemonstrationContext>[] = [
  ...workActions,
  addTurnAction,
  draftsAction,
  {
    id: "demonstration.previousDraft",
    label: "demonstration.previousDraft",
    keys: ["["],
    enabled: ({ draftsOpen }) => draftsOpen,
    perform: ({ chooseDraft }) => chooseDraft(-1),
  },
  {
    id: "demonstration.nextDraft",
    label: "demonstration.nextDraft",
    keys: ["]"],
    enabled: ({ draftsOpen }) => draftsOpen,
    perform: ({ chooseDraft }) => chooseDraft(1),
  },
  insertDraftAction,
  dismissDraftsAction,
  previewAction,
  {
    id: "demonstration.switchRole",
    label: "demonstration.switchRole",
    keys: ["alt+u"],
    enabled: ({ canSwitchRole }) => canSwitchRole,
    perform: ({ switchRole }) => switchRole(),
  },
  {
    id: "demonstration.turnUp",
    label: "thread.turnUp",
    keys: ["alt+ArrowUp"],
    perform: ({ moveTurn }) => moveTurn(-1),
  },
  {
    id: "demonstration.turnDown",
    label: "thread.turnDown",
    keys: ["alt+ArrowDown"],
    perform: ({ moveTurn }) => moveTurn(1),
  },
];
