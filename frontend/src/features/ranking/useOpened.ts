import { useEffect, useRef, type RefObject } from "react";

const TICK_MILLISECONDS = 500;

interface Options {
  /** The candidate's frame. */
  card: RefObject<HTMLElement | null>;
  /** Stands right after its last word. */
  end: RefObject<HTMLElement | null>;
  onOpened: () => void;
  onTime: (milliseconds: number) => void;
}

/** Notices that a candidate's end was on the screen, and for how long the candidate was. */
export function useOpened({ card, end, onOpened, onTime }: Options): void {
  const latest = useRef({ onOpened, onTime });
  useEffect(() => {
    latest.current = { onOpened, onTime };
  });
  useEffect(() => {
    if (card.current === null || end.current === null) return;
    let visible = false;
    const onScreen = new IntersectionObserver((entries) => {
      visible = entries.at(-1)?.isIntersecting ?? false;
    });
    const atEnd = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current.onOpened();
    });
    onScreen.observe(card.current);
    atEnd.observe(end.current);
    const timer = setInterval(() => {
      if (visible && document.visibilityState === "visible") {
        latest.current.onTime(TICK_MILLISECONDS);
      }
    }, TICK_MILLISECONDS);
    return () => {
      onScreen.disconnect();
      atEnd.disconnect();
      clearInterval(timer);
    };
  }, [card, end]);
}
