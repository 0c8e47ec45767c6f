import { useCallback, useRef, useState } from "react";

import classes from "./Ranking.module.css";

/** A page of a text, less a few lines to find one's place by. */
const PAGE_SHARE = 0.8;

/** The cards on the page: which one the keys mean, and moving between and within them. */
export function useCards(labels: readonly string[]) {
  const [focused, setFocused] = useState(labels[0] ?? "");
  const cards = useRef(new Map<string, HTMLElement>());
  const keep = useCallback((label: string, card: HTMLElement | null) => {
    if (card === null) cards.current.delete(label);
    else cards.current.set(label, card);
  }, []);
  const focus = (label: string) => {
    setFocused(label);
    const card = cards.current.get(label);
    card?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest", inline: "center" });
  };
  return {
    focused,
    setFocused,
    keep,
    focus,
    step: (by: -1 | 1) => {
      const label = labels[labels.indexOf(focused) + by];
      if (label !== undefined) focus(label);
    },
    readOn: (by: -1 | 1) => {
      const text = cards.current.get(focused)?.querySelector(`.${classes.cardText ?? ""}`);
      if (text) text.scrollTop += by * text.clientHeight * PAGE_SHARE;
    },
  };
}
