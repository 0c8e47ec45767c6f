import { useCallback, useSyncExternalStore } from "react";

import { NOTHING_YET, type GenerationProgress } from "@/api/generationProgress";
import { generations } from "@/api/generations";

/** What has arrived so far of a generation, followed live; nothing while there is none to follow. */
export function useGeneration(generation: number | null): GenerationProgress {
  const subscribe = useCallback(
    (listener: () => void) =>
      generation === null ? () => undefined : generations.watch(generation, listener),
    [generation],
  );
  return useSyncExternalStore(subscribe, () =>
    generation === null ? NOTHING_YET : generations.progressOf(generation),
  );
}
