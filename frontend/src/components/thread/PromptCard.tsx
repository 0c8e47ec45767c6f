import { Badge, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";

import { Markdown } from "../markdown/Markdown";
import classes from "./PromptCard.module.css";

interface Props {
  prompt: Assignment["prompt"];
  /** The conversation beside it. */
  messages: readonly { role: string; content: string }[];
}

/** A file's own name in words: where it lay is nobody's business on this page. */
const sourceName = (source: string): string =>
  (source.split(/[\\/]/).at(-1) ?? source)
    .replace(/(\.(jsonl?|csv|tsv|parquet|txt|gz|zst))+$/i, "")
    .replaceAll("_", " ");

/** What the conversation should be about; its words only while the conversation does not begin with them. */
export function PromptCard({ prompt, messages }: Props) {
  const { t } = useTranslation();
  if (prompt === null) return null;
  const isSaid = messages.find(({ role }) => role === "user")?.content === prompt.text;
  const category = prompt.category.replaceAll("_", " ");
  const source = sourceName(prompt.source);
  return (
    <aside className={classes.card}>
      <div className={classes.head}>
        <Text size="sm" c="dimmed" component="span">
          {t(`thread.prompt.${prompt.kind}`)}
        </Text>
        {category && (
          <Badge variant="default" tt="none" fw={500} className={classes.category}>
            {category}
          </Badge>
        )}
        {source && source !== category && (
          <Text
            size="sm"
            c="dimmed"
            component="span"
            dir="auto"
            title={prompt.source}
            className={classes.source}
          >
            {t("thread.from", { source: source })}
          </Text>
        )}
      </div>
      {!isSaid && (
        <div className={classes.text}>
          <Markdown text={prompt.text} />
        </div>
      )}
      {prompt.turns_before > 0 && (
        <Text size="sm" c="dimmed" mt={6}>
          {t("thread.turnsBefore", { count: prompt.turns_before })}
        </Text>
      )}
    </aside>
  );
}
