import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { forgetLocalCopies } from "@/hooks/useAutosave";
import { homeKey } from "@/hooks/useHome";
import { useLease } from "@/hooks/useLease";
import { useStartWork } from "@/hooks/useStartWork";
import { assignmentQuery } from "@/hooks/useWork";

import { toast } from "../toast";

/** What the pages share around a task: its lease, its dialogs, and going on to the next one. */
export function useWorkTask(slug: string, assignment: Assignment) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const next = useStartWork(slug);
  const lease = useLease(assignment.id, assignment.lease_until);
  const [skipOpen, setSkipOpen] = useState(false);
  const [guidelineOpen, setGuidelineOpen] = useState(false);
  const [questionsOpen, setQuestionsOpen] = useState(false);
  const { start } = next;

  /** The task is done with: go on to the next of its kind. */
  const leave = useCallback(
    (outcome: "submitted" | "skipped") => {
      forgetLocalCopies(cache, assignment.id);
      toast(t(outcome === "submitted" ? "work.submitted" : "work.skipped"));
      // Fetched anew if somebody comes back to it; the page on screen keeps what it has.
      void cache.invalidateQueries({
        queryKey: assignmentQuery(assignment.id).queryKey,
        refetchType: "none",
      });
      void cache.invalidateQueries({ queryKey: homeKey(slug) });
      start(assignment.kind);
    },
    [assignment, cache, slug, start, t],
  );

  return {
    slug,
    assignment,
    lease,
    leave,
    leaving: next.isPending,
    leaveError: next.error,
    skipOpen,
    setSkipOpen,
    guidelineOpen,
    setGuidelineOpen,
    questionsOpen,
    setQuestionsOpen,
  };
}

export type WorkTask = ReturnType<typeof useWorkTask>;
