import { Badge, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";

import classes from "./PromptCard.module.css";

interface Props {
  prompt: Assignment["prompt"];
}

/** What the conversation should be about. */
export function PromptCard({ prompt }: Props) {
  const { t } = useTranslation();
  if (prompt === null) return null;
  return (
    <aside className={classes.card}>
      <div className={classes.head}>
        <Text size="sm" c="dimmed" component="span">
          {t(`thread.prompt.${prompt.kind}`)}
        </Text>
        {prompt.category && (
          <Badge variant="default" tt="none" fw={500}>
            {prompt.category.replaceAll("_", " ")}
          </Badge>
        )}
        {prompt.source && (
          <Text size="sm" c="dimmed" component="span" dir="auto">
            {t("thread.from", { source: prompt.source })}
          </Text>
        )}
      </div>
      <p className={classes.text} dir="auto">
        {prompt.text}
      </p>
      {prompt.turns_before > 0 && (
        <Text size="sm" c="dimmed" mt={6}>
          {t("thread.turnsBefore", { count: prompt.turns_before })}
        </Text>
      )}
    </aside>
  );
}
