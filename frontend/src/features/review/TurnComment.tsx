import { Textarea } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Review.module.css";

interface Props {
  writing: boolean;
  text: string;
  onChange: (text: string) => void;
  onDone: () => void;
}

/** The reviewer's word on one turn. */
export function TurnComment({ writing, text, onChange, onDone }: Props) {
  const { t } = useTranslation();
  const area = useRef<HTMLTextAreaElement>(null);
  // Also where the comment stands there already and is taken up again.
  useEffect(() => {
    if (writing) area.current?.focus();
  }, [writing]);
  if (!writing && text.trim() === "") return null;
  return (
    <div className={classes.bubble}>
      <Textarea
        ref={area}
        label={t("review.commentLabel")}
        autosize
        minRows={2}
        dir="auto"
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
        onBlur={onDone}
        onKeyDown={(event) => {
          // Leaves the text, which stays, for its turn: from there the keys go on.
          if (event.key === "Escape") event.currentTarget.closest("article")?.focus();
        }}
      />
    </div>
  );
}
