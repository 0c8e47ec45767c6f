import { useCallback, useEffect, useRef } from "react";

/** Counts for how long something stands on the screen; while the tab is hidden it does not. */
export function useTimeOnScreen() {
  const counted = useRef(0);
  /** When the count went on last; null while nobody can see. */
  const since = useRef<number | null>(null);

  const begin = useCallback(() => {
    counted.current = 0;
    since.current = document.visibilityState === "hidden" ? null : Date.now();
  }, []);
  const seconds = useCallback(() => {
    const now = since.current === null ? 0 : Date.now() - since.current;
    return (counted.current + now) / 1_000;
  }, []);

  useEffect(() => {
    const onChange = () => {
      if (since.current !== null) counted.current += Date.now() - since.current;
      since.current = document.visibilityState === "hidden" ? null : Date.now();
    };
    document.addEventListener("visibilitychange", onChange);
    return () => document.removeEventListener("visibilitychange", onChange);
  }, []);

  return { begin, seconds };
}
