import {
  cannotJudgeAction,
  diffAction,
  lengthsAction,
  lineAction,
  noneAcceptableAction,
  rateAgainAction,
  redoAction,
  rewriteAction,
  syncAction,
  undoAction,
} from "./actions";

interface View {
  /** Whether the order is being made out of tiers. */
  tiers: boolean;
  canRateAgain: boolean;
  showLengths: boolean;
  sync: boolean;
}

/** The buttons under the cards. */
export function toolsFor({ tiers, canRateAgain, showLengths, sync }: View) {
  return [
    undoAction,
    redoAction,
    ...(canRateAgain ? [rateAgainAction] : []),
    ...(tiers ? [lineAction, noneAcceptableAction] : []),
    diffAction,
    rewriteAction,
    showLengths ? { ...lengthsAction, label: "ranking.hideLengths" as const } : lengthsAction,
    sync ? { ...syncAction, label: "ranking.scrollApart" as const } : syncAction,
    cannotJudgeAction,
  ];
}
