import { workActions, type WorkContext } from "@/components/work";
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

export interface RankingContext extends WorkContext {
  labels: readonly string[];
  focused: string;
  order: Order;
  /** The scale of ratings, where the project asks for them. */
  scale: { min: number; max: number } | null;
  hasFlags: boolean;
  reorder: (change: (order: Order) => Order) => void;
  rate: (label: string, rating: number) => void;
  focusCard: (step: -1 | 1) => void;
  /** Scrolls the focused candidate's text by most of what is visible of it. */
  readOn: (step: -1 | 1) => void;
  openFlags: (label: string) => void;
  openComment: () => void;
  openRewrite: () => void;
  openDiff: () => void;
  cannotJudge: () => void;
  canUndo: boolean;
  canRedo: boolean;
  undo: () => void;
  redo: () => void;
}

type RankingAction = Action<RankingContext>;

const isRanked = ({ order, focused }: RankingContext): boolean =>
  order.some((row) => row !== LINE && row.includes(focused));

const TIER_NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const RATINGS = [1, 2, 3, 4, 5, 6, 7] as const;

const tierActions = TIER_NUMBERS.map((number): RankingAction => ({
  id: `ranking.tier${number}`,
  label: `ranking.tier.t${number}`,
  keys: [String(number)],
  enabled: ({ labels }) => number <= labels.length,
  perform: ({ reorder, focused }) => reorder((order) => placeInTier(order, focused, number)),
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

export const cannotJudgeAction: RankingAction = {
  id: "ranking.cannotJudge",
  label: "ranking.cannotJudge",
  keys: ["alt+n"],
  enabled: ({ busy }) => !busy,
  perform: ({ cannotJudge }) => cannotJudge(),
};

export const rankingActions: readonly RankingAction[] = [
  ...workActions,
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
  ...tierActions,
  {
    id: "ranking.up",
    label: "ranking.up",
    keys: ["ArrowUp"],
    perform: ({ reorder, focused }) => reorder((order) => step(order, focused, "up")),
  },
  {
    id: "ranking.down",
    label: "ranking.down",
    keys: ["ArrowDown"],
    perform: ({ reorder, focused }) => reorder((order) => step(order, focused, "down")),
  },
  {
    id: "ranking.tie",
    label: "ranking.tie",
    keys: ["="],
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
  undoAction,
  redoAction,
  cannotJudgeAction,
];
