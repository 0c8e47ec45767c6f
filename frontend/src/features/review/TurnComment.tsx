import { Textarea } from "@mantine/core";
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
  if (!writing && text.trim() === "") return null;
  return (
    <div className={classes.bubble}>
      <Textarea
        label={t("review.commentLabel")}
        autosize
        minRows={2}
        dir="auto"
        autoFocus={writing}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
        onBlur={onDone}
        onKeyDown={(event) => {
          // Leaves the text, which stays.
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </div>
  );
}
