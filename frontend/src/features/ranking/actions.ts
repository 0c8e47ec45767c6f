import { submitAction, workActions, type WorkContext } from "@/components/work";
import type { Action } from "@/lib/actions";

import {
  LINE,
  lineAt,
  lineBelow,
  placeInTier,
  step,
  tieWithAbove,
  unrank,
  type Order,
} from "./order";
import type { Grade } from "./pair";

export interface RankingContext extends WorkContext {
  labels: readonly string[];
  focused: string;
  order: Order;
  /** The scale of ratings, where the project asks for them. */
  scale: { min: number; max: number } | null;
  hasFlags: boolean;
  /** False while the candidates are only rated, where that comes first. */
  ordering: boolean;
  /** The answers to choose from where two are compared; empty otherwise. */
  grades: readonly Grade[];
  grade: (grade: Grade) => void;
  reorder: (change: (order: Order) => Order) => void;
  rate: (label: string, rating: number) => void;
  focusCard: (step: -1 | 1) => void;
  /** Scrolls the focused candidate's text by most of what is visible of it. */
  readOn: (step: -1 | 1) => void;
  openFlags: (label: string) => void;
  openComment: () => void;
  openRewrite: () => void;
  openDiff: () => void;
  toggleLengths: () => void;
  toggleSync: () => void;
  /** Back from the order to the ratings, where those come first. */
  canRateAgain: boolean;
  rateAgain: () => void;
  cannotJudge: () => void;
  canUndo: boolean;
  canRedo: boolean;
  undo: () => void;
  redo: () => void;
}

type RankingAction = Action<RankingContext>;

const isRanked = ({ order, focused, ordering }: RankingContext): boolean =>
  ordering && order.some((row) => row !== LINE && row.includes(focused));

const TIER_NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
/** Four grades to either side. */
const GRADE_NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const RATINGS = [1, 2, 3, 4, 5, 6, 7] as const;

const tierActions = TIER_NUMBERS.map((number): RankingAction => ({
  id: `ranking.tier${number}`,
  label: `ranking.tier.t${number}`,
  keys: [String(number)],
  enabled: ({ labels, ordering }) => ordering && number <= labels.length,
  perform: ({ reorder, focused }) => reorder((order) => placeInTier(order, focused, number)),
}));

const gradeActions = GRADE_NUMBERS.map((number): RankingAction => ({
  id: `ranking.grade${number}`,
  label: `ranking.pair.keys.k${number}`,
  keys: [String(number)],
  enabled: ({ grades, ordering }) => ordering && number <= grades.length,
  perform: ({ grade, grades }) => {
    const chosen = grades[number - 1];
    if (chosen !== undefined) grade(chosen);
  },
}));

const ratingActions = RATINGS.map((rating): RankingAction => ({
  id: `ranking.rate${rating}`,
  label: `ranking.rate.r${rating}`,
  keys: [`shift+${rating}`],
  enabled: ({ scale }) => scale !== null && rating >= scale.min && rating <= scale.max,
  perform: ({ rate, focused }) => rate(focused, rating),
}));

export const noneAcceptableAction: RankingAction = {
  id: "ranking.noneAcceptable",
  label: "ranking.noneAcceptable",
  keys: ["n"],
  enabled: ({ ordering }) => ordering,
  perform: ({ reorder }) => reorder((order) => lineAt(order, 0)),
};

export const lineAction: RankingAction = {
  id: "ranking.line",
  label: "ranking.line",
  keys: ["l"],
  enabled: isRanked,
  perform: ({ reorder, focused }) => reorder((order) => lineBelow(order, focused)),
};

export const undoAction: RankingAction = {
  id: "ranking.undo",
  label: "ranking.undo",
  keys: ["mod+z"],
  notInText: true,
  enabled: ({ canUndo }) => canUndo,
  perform: ({ undo }) => undo(),
};

export const redoAction: RankingAction = {
  id: "ranking.redo",
  label: "ranking.redo",
  keys: ["mod+shift+z"],
  notInText: true,
  enabled: ({ canRedo }) => canRedo,
  perform: ({ redo }) => redo(),
};

export const rewriteAction: RankingAction = {
  id: "ranking.rewrite",
  label: "ranking.rewrite",
  keys: ["w"],
  perform: ({ openRewrite }) => openRewrite(),
};

export const commentAction: RankingAction = {
  id: "ranking.comment",
  label: "ranking.comment",
  keys: ["c"],
  perform: ({ openComment }) => openComment(),
};

export const diffAction: RankingAction = {
  id: "ranking.diff",
  label: "ranking.diff",
  keys: ["d"],
  perform: ({ openDiff }) => openDiff(),
};

export const lengthsAction: RankingAction = {
  id: "ranking.lengths",
  label: "ranking.lengths",
  keys: ["i"],
  perform: ({ toggleLengths }) => toggleLengths(),
};

export const syncAction: RankingAction = {
  id: "ranking.sync",
  label: "ranking.sync",
  keys: ["y"],
  perform: ({ toggleSync }) => toggleSync(),
};

export const rateAgainAction: RankingAction = {
  id: "ranking.rateAgain",
  label: "ranking.rateAgain",
  keys: ["b"],
  enabled: ({ canRateAgain }) => canRateAgain,
  perform: ({ rateAgain }) => rateAgain(),
};

/** The first step's end, where rating comes first, on the same keys as the second's. */
export const toOrderAction: Action<WorkContext> = { ...submitAction, label: "ranking.toOrder" };

export const cannotJudgeAction: RankingAction = {
  id: "ranking.cannotJudge",
  label: "ranking.cannotJudge",
  keys: ["alt+n"],
  enabled: ({ busy }) => !busy,
  perform: ({ cannotJudge }) => cannotJudge(),
};

const readingActions: readonly RankingAction[] = [
  {
    id: "ranking.focusLeft",
    label: "ranking.focusLeft",
    keys: ["ArrowLeft"],
    perform: ({ focusCard }) => focusCard(-1),
  },
  {
    id: "ranking.focusRight",
    label: "ranking.focusRight",
    keys: ["ArrowRight"],
    perform: ({ focusCard }) => focusCard(1),
  },
  {
    id: "ranking.readOn",
    label: "ranking.readOn",
    keys: ["PageDown"],
    perform: ({ readOn }) => readOn(1),
  },
  {
    id: "ranking.readBack",
    label: "ranking.readBack",
    keys: ["PageUp"],
    perform: ({ readOn }) => readOn(-1),
  },
];

const orderActions: readonly RankingAction[] = [
  ...tierActions,
  {
    id: "ranking.up",
    label: "ranking.up",
    keys: ["ArrowUp"],
    enabled: ({ ordering }) => ordering,
    perform: ({ reorder, focused }) => reorder((order) => step(order, focused, "up")),
  },
  {
    id: "ranking.down",
    label: "ranking.down",
    keys: ["ArrowDown"],
    enabled: ({ ordering }) => ordering,
    perform: ({ reorder, focused }) => reorder((order) => step(order, focused, "down")),
  },
  {
    id: "ranking.tie",
    label: "ranking.tie",
    keys: ["="],
    enabled: ({ ordering }) => ordering,
    perform: ({ reorder, focused }) => reorder((order) => tieWithAbove(order, focused)),
  },
  {
    id: "ranking.unrank",
    label: "ranking.unrank",
    keys: ["0", "Backspace"],
    enabled: isRanked,
    perform: ({ reorder, focused }) => reorder((order) => unrank(order, focused)),
  },
  lineAction,
];

const judgingActions: readonly RankingAction[] = [
  noneAcceptableAction,
  ...ratingActions,
  {
    id: "ranking.flags",
    label: "ranking.flags",
    keys: ["f"],
    enabled: ({ hasFlags }) => hasFlags,
    perform: ({ openFlags, focused }) => openFlags(focused),
  },
  commentAction,
  rewriteAction,
  diffAction,
  lengthsAction,
  syncAction,
  rateAgainAction,
  undoAction,
  redoAction,
  cannotJudgeAction,
];

export const rankingActions: readonly RankingAction[] = [
  ...workActions,
  ...readingActions,
  ...orderActions,
  ...judgingActions,
];

/** Of two, where it is asked by how much: the digits say both at once. */
export const pairActions: readonly RankingAction[] = [
  ...workActions,
  ...readingActions,
  ...gradeActions,
  ...judgingActions,
];
