import { useMemo, useSyncExternalStore } from "react";

import type { GenerationProgress } from "@/api/generationProgress";
import { generations } from "@/api/generations";

/** Several generations as one store, whose snapshot is another only when one of them moved. */
function storeOf(ids: readonly number[]) {
  let latest: readonly GenerationProgress[] = [];
  return {
    subscribe: (listener: () => void) => {
      const stops = ids.map((id) => generations.watch(id, listener));
      return () => stops.forEach((stop) => stop());
    },
    snapshot: () => {
      const next = ids.map((id) => generations.progressOf(id));
      if (next.length !== latest.length || next.some((one, place) => one !== latest[place])) {
        latest = next;
      }
      return latest;
    },
  };
}

/** What has arrived so far of several generations, each followed live, in the order of `ids`. */
export function useGenerations(ids: readonly number[]): readonly GenerationProgress[] {
  const key = ids.join();
  // The same ids are the same subscription, whichever array they come in.
  const store = useMemo(() => storeOf(key === "" ? [] : key.split(",").map(Number)), [key]);
  return useSyncExternalStore(store.subscribe, store.snapshot);
}
