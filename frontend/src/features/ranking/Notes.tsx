import { Button, Textarea } from "@mantine/core";
import type { Ref } from "react";
import { useTranslation } from "react-i18next";

import { commentAction } from "./actions";
import classes from "./Ranking.module.css";

interface Props {
  comment: string;
  commentRef: Ref<HTMLTextAreaElement>;
  onComment: (comment: string) => void;
  /** The better reply in the making, or null while none is. */
  rewrite: string | null;
  /** It was asked for just now. */
  focusRewrite: boolean;
  rewriteRef: Ref<HTMLTextAreaElement>;
  onRewrite: (rewrite: string) => void;
  onDropRewrite: () => void;
}

/** What the rater has to say beside the order. */
export function Notes({ commentRef, rewriteRef, ...props }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes.texts}>
      <Textarea
        ref={commentRef}
        label={t("ranking.commentLabel")}
        aria-keyshortcuts={commentAction.keys[0]}
        autosize
        minRows={1}
        dir="auto"
        value={props.comment}
        onChange={(event) => props.onComment(event.currentTarget.value)}
      />
      {props.rewrite !== null && (
        <div>
          <Textarea
            ref={rewriteRef}
            label={t("ranking.rewriteLabel")}
            description={t("ranking.rewriteHint")}
            autosize
            minRows={4}
            dir="auto"
            autoFocus={props.focusRewrite}
            value={props.rewrite}
            onChange={(event) => props.onRewrite(event.currentTarget.value)}
          />
          <Button
            mt={4}
            variant="subtle"
            color="gray"
            size="compact-sm"
            onClick={props.onDropRewrite}
          >
            {t("ranking.dropRewrite")}
          </Button>
        </div>
      )}
    </div>
  );
}
