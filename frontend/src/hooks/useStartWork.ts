import { useCallback, useState } from "react";
import { useNavigate } from "react-router";

import { hasCode, isRecord } from "@/api/errors";
import type { TaskKind } from "@/api/types";

import { useClaim } from "./useWork";

/** What the home page is told when work could not begin. */
export interface HomeArrival {
  /** A guideline that must be read first. */
  guideline?: number;
  /** Why there is no next task, in the server's words. */
  notice?: string;
}

/** There is no next task, and the server says why. */
const NOTHING_NOW = ["no_task_available", "sensitive_rest"] as const;

function unreadGuideline(error: unknown): number | null {
  if (!hasCode(error, "guideline_unread") || !isRecord(error.body)) return null;
  const { guideline } = error.body;
  return typeof guideline === "number" ? guideline : null;
}

/** Claims the next task of a kind, or one that came back, and opens it; where none can be had, home says why. */
export function useStartWork(slug: string) {
  const navigate = useNavigate();
  const { mutate, isPending } = useClaim(slug);
  const [error, setError] = useState<Error | null>(null);
  const start = useCallback(
    (kind: TaskKind, returned?: number) => {
      setError(null);
      mutate(
        { kind, returned },
        {
          onSuccess: ({ id }) => void navigate(`/projects/${slug}/work/${id}`),
          onError: (refusal) => {
            const guideline = unreadGuideline(refusal);
            const home = (state: HomeArrival) => void navigate(`/projects/${slug}`, { state });
            if (guideline !== null) home({ guideline });
            else if (NOTHING_NOW.some((code) => hasCode(refusal, code))) {
              home({ notice: refusal.message });
            } else if (hasCode(refusal, "consent_needed")) void navigate("/consent");
            else setError(refusal);
          },
        },
      );
    },
    [mutate, navigate, slug],
  );
  return { start, isPending, error };
}
