import type { Queue, TaskKind } from "@/api/types";
import type { Action } from "@/lib/actions";

export interface HomeContext {
  next: Queue | null;
  busy: boolean;
  start: (kind: TaskKind) => void;
}

export const startAction: Action<HomeContext> = {
  id: "home.start",
  label: "home.start",
  keys: ["Enter"],
  enabled: ({ next, busy }) => next !== null && !busy,
  perform: ({ next, start }) => {
    if (next !== null) start(next.kind);
  },
};

/** The same action under the name it has while a task is in hand. */
export const continueAction: Action<HomeContext> = { ...startAction, label: "home.continue" };

export const homeActions: readonly Action<HomeContext>[] = [startAction];

const hasWork = (queue: Queue): boolean =>
  queue.held !== null || (queue.available > 0 && !queue.paused);

/** What to do next: the task in hand, else the fullest queue. */
export function nextQueue(queues: readonly Queue[]): Queue | null {
  const open = queues.filter(hasWork);
  return (
    open.find(({ held }) => held !== null) ??
    open.toSorted((a, b) => b.available - a.available)[0] ??
    null
  );
}
