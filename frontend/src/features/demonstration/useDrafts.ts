import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { isEnded } from "@/api/generationProgress";
import { cancelGeneration } from "@/api/generations";
import type { Drafts } from "@/api/types";
import { useGenerations } from "@/hooks/useGenerations";

import { useReportDraft, useRequestDrafts } from "./requests";
import { useTimeOnScreen } from "./useTimeOnScreen";

export interface ShownDraft {
  id: number;
  text: string;
  finished: boolean;
}

interface OpenDrafts {
  /** The version of the thread that they answer. */
  version: number;
  rows: Drafts["drafts"];
}

/** The drafts on the page: asked for, streamed in, chosen, and reported to the ledger when they go. */
export function useDrafts(assignment: number, version: number) {
  const request = useRequestDrafts(assignment);
  const { mutate: report } = useReportDraft();
  const [open, setOpen] = useState<OpenDrafts | null>(null);
  const [chosen, setChosen] = useState(0);
  const { begin, seconds } = useTimeOnScreen();
  const followed = useMemo(
    () => [...new Set((open?.rows ?? []).map(({ generation }) => generation))],
    [open],
  );
  const progress = useGenerations(followed);
  const ended = progress.every(isEnded);
  const stale = open !== null && open.version !== version;

  const shown = useMemo<ShownDraft[]>(
    () =>
      (open?.rows ?? [])
        .toSorted((a, b) => a.shown_order - b.shown_order)
        .map(({ id, generation, index }) => {
          const from = progress[followed.indexOf(generation)];
          const completion = from?.completions.find((one) => one.index === index);
          return {
            id,
            text: completion?.text ?? "",
            finished: from !== undefined && isEnded(from),
          };
        }),
    [followed, open, progress],
  );
  const latest = useRef({ shown, followed, ended, stale });
  useEffect(() => {
    latest.current = { shown, followed, ended, stale };
  });

  const stop = useCallback(async () => {
    const { followed: running } = latest.current;
    await Promise.all(running.map((id) => cancelGeneration(id).catch(() => undefined)));
  }, []);

  const tell = useCallback(
    ({ id, text }: ShownDraft, outcome?: "dismissed" | "stale") =>
      report({
        id,
        on_screen_seconds: seconds(),
        text_as_shown: text,
        ...(outcome === undefined ? {} : { outcome }),
      }),
    [report, seconds],
  );

  /** Takes the drafts off the page. What became of those that nobody waved away is found at submit. */
  const close = useCallback(
    (used: number | null, outcome?: "dismissed") => {
      const { shown: texts, ended: whole, stale: outdated } = latest.current;
      if (texts.length === 0) return;
      for (const draft of texts) {
        tell(draft, draft.id === used ? undefined : outdated ? "stale" : outcome);
      }
      if (!whole) void stop();
      setOpen(null);
    },
    [stop, tell],
  );
  useEffect(() => () => close(null), [close]);

  const { mutate: ask } = request;
  const requestDrafts = useCallback(
    (asked: { version: number; temperature?: number }) => {
      close(null, "dismissed");
      ask(asked, {
        onSuccess: (answer) => {
          begin();
          setChosen(0);
          setOpen({ version: asked.version, rows: answer.drafts });
        },
      });
    },
    [ask, begin, close],
  );

  return {
    open: requestDrafts,
    close,
    stop,
    /** Waves one draft away; the others stay. */
    dismiss: (index: number) => {
      const draft = shown[index];
      if (draft === undefined || open === null) return;
      if (shown.length === 1) {
        close(null, "dismissed");
        return;
      }
      tell(draft, stale ? "stale" : "dismissed");
      setChosen(0);
      setOpen({ ...open, rows: open.rows.filter(({ id }) => id !== draft.id) });
    },
    shown,
    isOpen: open !== null,
    /** Asked for, and not a word of any is there. */
    awaited: open !== null && !ended && shown.every(({ text }) => text === ""),
    asking: request.isPending,
    error: request.error,
    failure: progress.find(({ error }) => error !== null)?.error ?? null,
    ended,
    stale,
    chosen: Math.min(chosen, Math.max(0, shown.length - 1)),
    choose: (step: -1 | 1) =>
      setChosen((now) => (shown.length === 0 ? 0 : (now + step + shown.length) % shown.length)),
    chooseAt: setChosen,
  };
}
