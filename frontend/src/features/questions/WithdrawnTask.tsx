import { Alert, Anchor, Button, Group, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { WithdrawnTask as Withdrawn } from "@/api/types";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Asked.module.css";
import { useDrop, usePutBack } from "./withdrawnRequests";

interface Props {
  slug: string;
  task: Withdrawn;
  /** Managers may open any comparison and conversation of their project. */
  looksAtWork: boolean;
}

/** One task nobody could do: what it asks, who gave it back and why, and what becomes of it. */
export function WithdrawnTask({ slug, task, looksAtWork }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const brief = task.prompt ?? null;
  const [text, setText] = useState(brief ?? "");
  const [dropping, setDropping] = useState(false);
  const putBack = usePutBack(slug, task.id);
  const drop = useDrop(slug, task.id);
  const failure = putBack.error ?? drop.error;
  const edited = brief !== null && text.trim() !== brief.trim();
  const subject =
    task.comparison !== null
      ? `comparisons/${task.comparison}`
      : task.conversation !== null
        ? `conversations/${task.conversation}`
        : null;
  return (
    <li className={classes.question}>
      <Text size="sm" c="dimmed">
        {t("withdrawn.task", { kind: t(`kinds.${task.kind}`), n: task.id })}
      </Text>
      {brief !== null && (
        <Textarea
          mt="xs"
          label={t(task.prompt_kind === "prompt" ? "withdrawn.prompt" : "withdrawn.brief")}
          autosize
          minRows={2}
          maxRows={12}
          dir="auto"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      {looksAtWork && subject !== null && (
        <Anchor component={Link} size="sm" to={`/projects/${slug}/${subject}`}>
          {t("withdrawn.look")}
        </Anchor>
      )}
      <ul className={classes.skips}>
        {task.skips.map((skip) => (
          <li key={`${skip.by} ${skip.at}`}>
            <Text size="sm" component="span" fw={500}>
              {t(`work.skipReasons.${skip.reason}`)}
            </Text>{" "}
            <Text size="sm" c="dimmed" component="span">
              {t("withdrawn.by", { name: skip.by, when: format.time(skip.at) })}
            </Text>
            {skip.comment !== "" && (
              <p className={classes.about} dir="auto">
                {skip.comment}
              </p>
            )}
          </li>
        ))}
      </ul>
      {failure !== null && (
        <Alert color="red" role="alert" mt="xs">
          {errorText(failure)}
        </Alert>
      )}
      <Group justify="space-between" mt="sm">
        {dropping ? (
          <Group gap="xs">
            <Text size="sm">{t("withdrawn.dropSure")}</Text>
            <Button
              color="red"
              size="compact-md"
              loading={drop.isPending}
              onClick={() =>
                drop.mutate(undefined, { onSuccess: () => toast(t("withdrawn.dropped")) })
              }
            >
              {t("withdrawn.dropConfirm")}
            </Button>
            <Button variant="default" size="compact-md" onClick={() => setDropping(false)}>
              {t("common.cancel")}
            </Button>
          </Group>
        ) : (
          <Button variant="subtle" color="gray" onClick={() => setDropping(true)}>
            {t("withdrawn.drop")}
          </Button>
        )}
        <Button
          disabled={edited && text.trim() === ""}
          loading={putBack.isPending}
          onClick={() =>
            putBack.mutate(edited ? text : undefined, {
              onSuccess: () => toast(t("withdrawn.isBack")),
            })
          }
        >
          {t(edited ? "withdrawn.putBackEdited" : "withdrawn.putBack")}
        </Button>
      </Group>
    </li>
  );
}
