import { workActions, type WorkContext } from "@/components/work";
import type { Action } from "@/lib/actions";

export interface ScoreContext extends WorkContext {
  score: (score: number) => void;
  moveTurn: (step: -1 | 1) => void;
  commentOnTurn: () => void;
}

type ScoreAction = Action<ScoreContext>;

export const SCORES = [1, 2, 3, 4, 5, 6, 7] as const;

export const scoreActions: readonly ScoreAction[] = [
  ...SCORES.map((number): ScoreAction => ({
    id: `review.score${number}`,
    label: `review.scores.s${number}`,
    keys: [`${number}`],
    perform: ({ score }) => score(number),
  })),
  {
    id: "score.turnUp",
    label: "thread.turnUp",
    keys: ["ArrowUp", "alt+ArrowUp"],
    perform: ({ moveTurn }) => moveTurn(-1),
  },
  {
    id: "score.turnDown",
    label: "thread.turnDown",
    keys: ["ArrowDown", "alt+ArrowDown"],
    perform: ({ moveTurn }) => moveTurn(1),
  },
  {
    id: "score.comment",
    label: "review.commentTurn",
    keys: ["c"],
    perform: ({ commentOnTurn }) => commentOnTurn(),
  },
  ...workActions,
];
