import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";

import { Markdown } from "../markdown/Markdown";
import classes from "./Turn.module.css";

interface Props {
  role: Message["role"];
  content: string;
  /** Said after the role: where the text comes from. */
  note?: ReactNode;
  /** Buttons for this turn, shown on hover and focus. */
  tools?: ReactNode;
  /** Below the text: an editor, a comment, a status. */
  children?: ReactNode;
}

/** One turn of a conversation, as text to read. */
export function Turn({ role, content, note, tools, children }: Props) {
  const { t } = useTranslation();
  return (
    <article
      className={classes.turn}
      data-role={role}
      aria-label={t(`roles.${role}`)}
      // Alt with an arrow moves from turn to turn.
      tabIndex={-1}
    >
      <header className={classes.head}>
        <span className={classes.role}>{t(`roles.${role}`)}</span>
        {note && <span className={classes.note}>{note}</span>}
        {tools && <span className={classes.tools}>{tools}</span>}
      </header>
      {content !== "" && <Markdown text={content} />}
      {children}
    </article>
  );
}
