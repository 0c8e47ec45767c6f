import { useCallback, useRef, useState } from "react";

import { isBlank, type TurnText } from "./turnText";

/**
 * What stands in the composer. The page around it renders by whose turn it is and whether there is any
 * text, which a key seldom changes; the words are read when they are sent.
 */
export function useComposed() {
  const newest = useRef<TurnText | null>(null);
  const [role, setRole] = useState<TurnText["role"] | null>(null);
  const [hasText, setHasText] = useState(false);
  const change = useCallback((text: TurnText | null) => {
    newest.current = text;
    setRole(text?.role ?? null);
    setHasText(text !== null && !isBlank(text));
  }, []);
  /** The newest words, or null where there are none. */
  const read = useCallback(() => {
    const text = newest.current;
    return text === null || isBlank(text) ? null : text;
  }, []);
  return { role, hasText, change, read };
}
