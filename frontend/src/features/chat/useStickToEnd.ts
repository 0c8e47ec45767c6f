import { useEffect, useRef } from "react";

/** How near the end of the page counts as reading along. */
const NEAR_PIXELS = 160;

/** Keeps the end of a growing reply in view, unless the person has scrolled up to read. */
export function useStickToEnd(growing: string | null) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (growing === null) return;
    const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
    if (scrollHeight - clientHeight - scrollTop < NEAR_PIXELS) {
      end.current?.scrollIntoView({ block: "end" });
    }
  }, [growing]);
  return end;
}
