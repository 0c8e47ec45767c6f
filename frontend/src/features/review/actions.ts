import {
  guidelineAction,
  questionsAction,
  skipAction,
  submitAction,
  type WorkContext,
} from "@/components/work";
import type { Action } from "@/lib/actions";

export interface ReviewContext extends WorkContext {
  /** The reviewer changed the thread: an approval is one with fixes. */
  fixed: boolean;
  approve: () => void;
  openReturn: () => void;
  openReject: () => void;
  moveTurn: (step: -1 | 1) => void;
  commentOnTurn: () => void;
  editTurn: () => void;
}

type ReviewAction = Action<ReviewContext>;

export const approveAction: ReviewAction = {
  id: "review.approve",
  label: "review.approve",
  keys: ["a", "mod+Enter"],
  enabled: ({ busy, canSubmit }) => canSubmit && !busy,
  perform: ({ approve }) => approve(),
  refuse: submitAction.refuse,
};

/** The same action under the name it has once the reviewer has changed something. */
export const fixAndApproveAction: ReviewAction = { ...approveAction, label: "review.fixed" };

export const returnAction: ReviewAction = {
  id: "review.return",
  label: "review.return",
  keys: ["r"],
  enabled: ({ busy, canSubmit }) => canSubmit && !busy,
  perform: ({ openReturn }) => openReturn(),
};

export const rejectAction: ReviewAction = {
  id: "review.reject",
  label: "review.reject",
  keys: ["x"],
  enabled: ({ busy, canSubmit }) => canSubmit && !busy,
  perform: ({ openReject }) => openReject(),
};

export const reviewActions: readonly ReviewAction[] = [
  approveAction,
  returnAction,
  rejectAction,
  {
    id: "review.turnUp",
    label: "thread.turnUp",
    keys: ["ArrowUp", "alt+ArrowUp"],
    perform: ({ moveTurn }) => moveTurn(-1),
  },
  {
    id: "review.turnDown",
    label: "thread.turnDown",
    keys: ["ArrowDown", "alt+ArrowDown"],
    perform: ({ moveTurn }) => moveTurn(1),
  },
  {
    id: "review.comment",
    label: "review.commentTurn",
    keys: ["c"],
    perform: ({ commentOnTurn }) => commentOnTurn(),
  },
  {
    id: "review.edit",
    label: "review.editTurn",
    keys: ["e"],
    enabled: ({ busy }) => !busy,
    perform: ({ editTurn }) => editTurn(),
  },
  skipAction,
  guidelineAction,
  questionsAction,
];
