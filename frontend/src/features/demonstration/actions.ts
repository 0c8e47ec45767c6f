import { workActions, type WorkContext } from "@/components/work";
import type { Action } from "@/lib/actions";

export interface DemonstrationContext extends WorkContext {
  canAddTurn: boolean;
  addTurn: () => void;
  canDraft: boolean;
  requestDrafts: () => void;
  stopDrafts: () => void;
  draftsWriting: boolean;
  draftsOpen: boolean;
  chooseDraft: (step: -1 | 1) => void;
  insertDraft: () => void;
  dismissDrafts: () => void;
  togglePreview: () => void;
  /** Only the first turn may be either side's. */
  canSwitchRole: boolean;
  switchRole: () => void;
  canUndo: boolean;
  undo: () => void;
  canRedo: boolean;
  redo: () => void;
  canEnd: boolean;
  end: () => void;
  canAddSystem: boolean;
  addSystem: () => void;
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
  keys: ["alt+j"],
  enabled: ({ canDraft }) => canDraft,
  perform: ({ requestDrafts }) => requestDrafts(),
};

export const regenerateDraftsAction: Action<DemonstrationContext> = {
  id: "demonstration.regenerateDrafts",
  label: "demonstration.regenerateDrafts",
  keys: ["alt+r"],
  enabled: ({ canDraft, draftsOpen }) => canDraft && draftsOpen,
  perform: ({ requestDrafts }) => requestDrafts(),
};

export const stopDraftsAction: Action<DemonstrationContext> = {
  id: "demonstration.stopDrafts",
  label: "demonstration.stopDrafts",
  keys: ["alt+h"],
  enabled: ({ draftsWriting }) => draftsWriting,
  perform: ({ stopDrafts }) => stopDrafts(),
};

/** The user has what they wanted: the dialogue ends with the assistant's last turn. */
export const endAction: Action<DemonstrationContext> = {
  id: "demonstration.end",
  label: "demonstration.end",
  keys: ["alt+n"],
  enabled: ({ canEnd, busy }) => canEnd && !busy,
  perform: ({ end }) => end(),
};

export const systemAction: Action<DemonstrationContext> = {
  id: "demonstration.addSystem",
  label: "demonstration.addSystem",
  keys: ["alt+y"],
  enabled: ({ canAddSystem, busy }) => canAddSystem && !busy,
  perform: ({ addSystem }) => addSystem(),
};

export const undoAction: Action<DemonstrationContext> = {
  id: "demonstration.undo",
  label: "demonstration.undo",
  // Inside a text these belong to the text, which hands them on at its beginning.
  keys: ["mod+z"],
  notInText: true,
  enabled: ({ canUndo, busy }) => canUndo && !busy,
  perform: ({ undo }) => undo(),
};

export const redoAction: Action<DemonstrationContext> = {
  id: "demonstration.redo",
  label: "demonstration.redo",
  keys: ["mod+shift+z"],
  notInText: true,
  enabled: ({ canRedo, busy }) => canRedo && !busy,
  perform: ({ redo }) => redo(),
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
  regenerateDraftsAction,
  stopDraftsAction,
  endAction,
  systemAction,
  undoAction,
  redoAction,
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
