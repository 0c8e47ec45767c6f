import { useCallback, useRef, type RefObject } from "react";

/** Texts that stand side by side scroll together, each as far as it goes. */
export function useSyncedScroll(on: boolean) {
  const texts = useRef(new Set<HTMLElement>());
  // Where a text was put by another one: its own scroll event then means nothing new.
  const put = useRef(new Map<HTMLElement, number>());

  const follow = useCallback(
    (leader: HTMLElement) => {
      const expected = put.current.get(leader);
      put.current.delete(leader);
      if (!on || expected === leader.scrollTop) return;
      const row = leader.getBoundingClientRect().top;
      for (const text of texts.current) {
        if (text === leader || text.getBoundingClientRect().top !== row) continue;
        const before = text.scrollTop;
        text.scrollTop = leader.scrollTop;
        if (text.scrollTop !== before) put.current.set(text, text.scrollTop);
      }
    },
    [on],
  );
  /** To be called from an effect with the element that scrolls; what it returns ends it. */
  const join = useCallback(
    (ref: RefObject<HTMLElement | null>) => {
      const text = ref.current;
      if (text === null) return undefined;
      const known = texts.current;
      const onScroll = () => follow(text);
      known.add(text);
      text.addEventListener("scroll", onScroll, { passive: true });
      return () => {
        known.delete(text);
        text.removeEventListener("scroll", onScroll);
      };
    },
    [follow],
  );
  return join;
}
