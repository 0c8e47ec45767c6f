import { useCallback, useEffect, useReducer, useRef } from "react";

import type { Assignment } from "@/api/types";
import { useAutosave } from "@/hooks/useAutosave";

import { parseRankingDraft, type RankingDraft } from "./draft";
import { historyFrom, takeStep } from "./history";
import type { Order } from "./order";

/** A ranking is saved as a whole, under one turn. */
const TURN = 0;

/** The ranking in the making: changed by steps, undone, saved as it grows. */
export function useRanking(assignment: Assignment) {
  const { saver, status, theirs } = useAutosave<RankingDraft>({
    assignment: assignment.id,
    turn: TURN,
    autosaves: assignment.autosaves,
    parse: parseRankingDraft,
  });
  const [history, take] = useReducer(takeStep, saver.initial, historyFrom);
  const { draft } = history;
  // Time on screen grows all the time; it is saved along with the next change, not by itself.
  const milliseconds = useRef<Record<string, number>>({ ...draft.openMilliseconds });
  const lastSaved = useRef(draft);

  useEffect(() => {
    if (draft === lastSaved.current) return;
    lastSaved.current = draft;
    saver.change({ ...draft, openMilliseconds: milliseconds.current });
  }, [draft, saver]);

  const addTime = useCallback((label: string, more: number) => {
    milliseconds.current = {
      ...milliseconds.current,
      [label]: (milliseconds.current[label] ?? 0) + more,
    };
  }, []);

  return {
    draft,
    saver,
    status,
    theirs,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    undo: () => take({ kind: "undo" }),
    redo: () => take({ kind: "redo" }),
    reorder: (change: (order: Order) => Order) =>
      take({ kind: "judge", change: ({ order }) => ({ order: change(order) }) }),
    grade: (strength: number, change: (order: Order) => Order) =>
      take({ kind: "judge", change: ({ order }) => ({ strength, order: change(order) }) }),
    rate: (label: string, rating: number) =>
      take({
        kind: "judge",
        change: ({ ratings }) => ({ ratings: { ...ratings, [label]: rating } }),
      }),
    flag: (label: string, keys: string[]) =>
      take({ kind: "judge", change: ({ flags }) => ({ flags: { ...flags, [label]: keys } }) }),
    note: (change: Partial<RankingDraft>) => take({ kind: "note", change: () => change }),
    markOpened: (label: string) => {
      addTime(label, 1);
      take({
        kind: "note",
        change: ({ opened }) => (opened.includes(label) ? {} : { opened: [...opened, label] }),
      });
    },
    addTime,
    /** The draft with the time that each candidate has been on the screen until now. */
    whole: (): RankingDraft => ({ ...draft, openMilliseconds: milliseconds.current }),
  };
}
