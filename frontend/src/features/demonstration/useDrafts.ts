import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { isEnded } from "@/api/generationProgress";
import { cancelGeneration } from "@/api/generations";
import type { Drafts } from "@/api/types";
import { useGeneration } from "@/hooks/useGeneration";

import { useReportDraft, useRequestDrafts } from "./requests";

export interface ShownDraft {
  id: number;
  text: string;
  finished: boolean;
}

/** The drafts on the page: asked for, streamed in, chosen, and reported to the ledger when they go. */
export function useDrafts(assignment: number) {
  const request = useRequestDrafts(assignment);
  const { mutate: report } = useReportDraft();
  const [drafts, setDrafts] = useState<Drafts | null>(null);
  const [chosen, setChosen] = useState(0);
  const shownSince = useRef(0);
  const progress = useGeneration(drafts?.generation ?? null);
  const ended = isEnded(progress);

  const shown = useMemo<ShownDraft[]>(
    () =>
      (drafts?.drafts ?? [])
        .toSorted((a, b) => a.shown_order - b.shown_order)
        .map(({ id, index }) => ({
          id,
          text: progress.completions.find((completion) => completion.index === index)?.text ?? "",
          finished: ended,
        })),
    [drafts, progress, ended],
  );
  const latest = useRef({ drafts, shown, ended });
  useEffect(() => {
    latest.current = { drafts, shown, ended };
  });

  /** Takes the drafts off the page; those not named as used are recorded as dismissed. */
  const close = useCallback(
    (used: number | null) => {
      const { drafts: open, shown: texts, ended: whole } = latest.current;
      if (open === null) return;
      const seconds = (Date.now() - shownSince.current) / 1_000;
      for (const { id, text } of texts) {
        report({
          id,
          on_screen_seconds: seconds,
          text_as_shown: text,
          ...(id === used ? {} : { outcome: "dismissed" as const }),
        });
      }
      if (!whole) void cancelGeneration(open.generation).catch(() => undefined);
      setDrafts(null);
    },
    [report],
  );

  const { mutate: ask } = request;
  const open = useCallback(
    (version: number) => {
      close(null);
      ask(version, {
        onSuccess: (answer) => {
          shownSince.current = Date.now();
          setChosen(0);
          setDrafts(answer);
        },
      });
    },
    [ask, close],
  );

  return {
    open,
    close,
    shown,
    isOpen: drafts !== null,
    asking: request.isPending,
    error: request.error,
    failure: progress.error,
    ended,
    chosen: Math.min(chosen, Math.max(0, shown.length - 1)),
    choose: (step: -1 | 1) =>
      setChosen((now) => (shown.length === 0 ? 0 : (now + step + shown.length) % shown.length)),
    chooseAt: setChosen,
  };
}
