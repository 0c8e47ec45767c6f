import { EMPTY_DRAFT, type RankingDraft } from "./draft";

/** The draft with the judgements that can be undone and redone; texts have the browser's own undo. */
export interface History {
  readonly draft: RankingDraft;
  readonly past: readonly Judgement[];
  readonly future: readonly Judgement[];
}

type Judgement = Pick<RankingDraft, "order" | "strength" | "ratings" | "flags">;

export type Step =
  | { kind: "judge"; change: (draft: RankingDraft) => Partial<Judgement> }
  | { kind: "note"; change: (draft: RankingDraft) => Partial<RankingDraft> }
  | { kind: "undo" }
  | { kind: "redo" };

const judgement = ({ order, strength, ratings, flags }: RankingDraft): Judgement => ({
  order,
  strength,
  ratings,
  flags,
});

export const historyFrom = (draft: RankingDraft | null): History => ({
  draft: draft ?? EMPTY_DRAFT,
  past: [],
  future: [],
});

export function takeStep(history: History, step: Step): History {
  const { draft, past, future } = history;
  switch (step.kind) {
    case "judge": {
      const change = step.change(draft);
      const same = Object.entries(change).every(
        ([key, value]) => draft[key as keyof Judgement] === value,
      );
      if (same) return history;
      return { draft: { ...draft, ...change }, past: [...past, judgement(draft)], future: [] };
    }
    case "note": {
      const change = step.change(draft);
      return Object.keys(change).length === 0
        ? history
        : { ...history, draft: { ...draft, ...change } };
    }
    case "undo": {
      const before = past.at(-1);
      if (before === undefined) return history;
      return {
        draft: { ...draft, ...before },
        past: past.slice(0, -1),
        future: [judgement(draft), ...future],
      };
    }
    case "redo": {
      const [next, ...later] = future;
      if (next === undefined) return history;
      return {
        draft: { ...draft, ...next },
        past: [...past, judgement(draft)],
        future: later,
      };
    }
  }
}
