import type { NavigateFunction } from "react-router";

import type { Action } from "@/lib/actions";

/** What the actions that work on every page need. */
export interface GlobalContext {
  navigate: NavigateFunction;
  /** The project in the address, where there is one. */
  project: string | null;
  isManager: boolean;
  /** Answers questions: a reviewer or a manager. */
  isLead: boolean;
  openPalette: () => void;
  openSheet: () => void;
}

const inProject = ({ project }: GlobalContext) => project !== null;
const leading = ({ project, isLead }: GlobalContext) => project !== null && isLead;
const managing = ({ project, isManager }: GlobalContext) => project !== null && isManager;

export const globalActions: readonly Action<GlobalContext>[] = [
  {
    id: "global.palette",
    label: "actions.openPalette",
    keys: ["mod+k"],
    perform: ({ openPalette }) => openPalette(),
  },
  {
    id: "global.sheet",
    label: "actions.openSheet",
    keys: ["?"],
    perform: ({ openSheet }) => openSheet(),
  },
  {
    id: "global.home",
    label: "actions.goHome",
    keys: ["g h"],
    enabled: inProject,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}`),
  },
  {
    id: "global.conversations",
    label: "actions.goConversations",
    keys: ["g c"],
    enabled: inProject,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/conversations`),
  },
  {
    id: "global.time",
    label: "actions.goTime",
    keys: ["g t"],
    enabled: inProject,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/time`),
  },
  {
    id: "global.questions",
    label: "actions.goQuestions",
    keys: ["g u"],
    enabled: leading,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/questions`),
  },
  {
    id: "global.withdrawn",
    label: "actions.goWithdrawn",
    keys: ["g w"],
    enabled: leading,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/withdrawn`),
  },
  {
    id: "global.prompts",
    label: "actions.goPrompts",
    keys: ["g b"],
    enabled: managing,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/prompts`),
  },
  {
    id: "global.progress",
    label: "actions.goProgress",
    keys: ["g p"],
    enabled: managing,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/progress`),
  },
  {
    id: "global.mine",
    label: "actions.goMine",
    keys: ["g m"],
    enabled: inProject,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/mine`),
  },
  {
    id: "global.comparisons",
    label: "actions.goComparisons",
    keys: ["g r"],
    enabled: managing,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/comparisons`),
  },
  {
    id: "global.quality",
    label: "actions.goQuality",
    keys: ["g q"],
    enabled: managing,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/quality`),
  },
  {
    id: "global.datasets",
    label: "actions.goDatasets",
    keys: ["g d"],
    enabled: managing,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/datasets`),
  },
  {
    id: "global.sampling",
    label: "actions.goSampling",
    keys: ["g s"],
    enabled: managing,
    perform: ({ navigate, project }) => void navigate(`/projects/${project ?? ""}/sampling`),
  },
  {
    id: "global.policies",
    label: "actions.goPolicies",
    keys: ["g o"],
    enabled: managing,
    perform: ({ navigate, project }) =>
      void navigate(`/projects/${project ?? ""}/sampling/policies`),
  },
];
