import { Badge, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { PromptRow as Row } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Prompts.module.css";
import { useChangePrompt } from "./requests";

/** One prompt: its words, where it comes from, what it repeats, and whether it is handed out. */
export function PromptRow({ slug, prompt }: { slug: string; prompt: Row }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const change = useChangePrompt(slug, prompt.id);
  const isAside = prompt.set_aside_at !== null;
  const onError = (error: Error) => toastFailure(errorText(error));
  return (
    <li className={classes.row} data-aside={isAside}>
      <div className={classes.body}>
        <p className={classes.text} dir="auto">
          {prompt.text}
        </p>
        <div className={classes.facts}>
          {prompt.kind !== "prompt" && (
            <Badge variant="default" tt="none" fw={500}>
              {t(`prompts.kinds.${prompt.kind}`)}
            </Badge>
          )}
          {prompt.category && <span>{prompt.category.replaceAll("_", " ")}</span>}
          <span>{prompt.language}</span>
          {prompt.sensitivity.length > 0 && (
            <span>{t("prompts.sensitive", { tags: prompt.sensitivity.join(", ") })}</span>
          )}
          <span>
            {prompt.author === null
              ? t("prompts.imported")
              : t("prompts.by", { name: prompt.author })}
          </span>
          <span>
            {t("prompts.tasks", { count: prompt.n_tasks, n: format.number(prompt.n_tasks) })}
          </span>
          {isAside && <span>{t("prompts.isAside")}</span>}
        </div>
        {prompt.alike_to !== null && (
          <p className={classes.alike} dir="auto">
            {t("prompts.alikeTo", { text: prompt.alike_to.text })}
          </p>
        )}
      </div>
      <Group gap={4} wrap="nowrap">
        {prompt.alike_to !== null && !isAside && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            disabled={change.isPending}
            onClick={() => change.mutate({ keep: true }, { onError })}
          >
            {t("prompts.keepBoth")}
          </Button>
        )}
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          disabled={change.isPending}
          onClick={() => change.mutate({ set_aside: !isAside }, { onError })}
        >
          {t(isAside ? "prompts.takeBack" : "prompts.setAside")}
        </Button>
      </Group>
    </li>
  );
}
