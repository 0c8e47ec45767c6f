import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { hasCode } from "@/api/errors";

import { beat, noteElsewhere } from "./useOpenElsewhere";

const BEAT_MILLISECONDS = 30_000;
/** The time left is shown only when it is short. */
const SHORT_MILLISECONDS = 5 * 60_000;
const SIGNS_OF_LIFE = ["keydown", "pointerdown", "pointermove", "wheel", "touchmove"] as const;

export interface Lease {
  /** Why the work is theirs no more: somebody else took it, nobody is to do it, or they ended it. */
  lost: "taken" | "withdrawn" | "ended" | null;
  /** Whole minutes left, or null while there is plenty of time. */
  minutesLeft: number | null;
}

/** Tells the server every half minute that the person is at work, which renews the lease. */
export function useLease(assignment: number, leaseUntil: string): Lease {
  const [until, setUntil] = useState(() => Date.parse(leaseUntil));
  const [now, setNow] = useState(() => Date.now());
  const [lost, setLost] = useState<Lease["lost"]>(null);
  const active = useRef(true);
  const cache = useQueryClient();

  useEffect(() => {
    const sign = () => {
      active.current = true;
    };
    SIGNS_OF_LIFE.forEach((kind) => window.addEventListener(kind, sign, { passive: true }));
    const tell = async () => {
      setNow(Date.now());
      if (!active.current || document.visibilityState === "hidden") return;
      active.current = false;
      try {
        const answer = await beat(assignment);
        setUntil(Date.parse(answer.lease_until));
        setLost(null);
      } catch (error) {
        if (hasCode(error, "lease_lost")) setLost("taken");
        if (hasCode(error, "task_withdrawn")) setLost("withdrawn");
        if (hasCode(error, "work_ended")) setLost("ended");
        if (hasCode(error, "open_elsewhere")) noteElsewhere(cache, assignment);
      }
    };
    void tell();
    const timer = setInterval(() => void tell(), BEAT_MILLISECONDS);
    return () => {
      clearInterval(timer);
      SIGNS_OF_LIFE.forEach((kind) => window.removeEventListener(kind, sign));
    };
  }, [assignment, cache]);

  const left = until - now;
  return {
    lost,
    minutesLeft: left < SHORT_MILLISECONDS ? Math.max(0, Math.ceil(left / 60_000)) : null,
  };
}
