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
      </div>
      <p className={classes.text} dir="auto">
        {prompt.text}
      </p>
    </aside>
  );
}
