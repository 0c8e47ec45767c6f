import { Alert, Anchor, Badge, Button, Checkbox, Group, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { AskedQuestion as Asked } from "@/api/types";
import { Markdown } from "@/components/markdown/Markdown";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useKeptText } from "@/hooks/useKeptText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Asked.module.css";
import { useAnswer } from "./requests";

interface Props {
  slug: string;
  question: Asked;
  /** Managers may read any conversation of their project. */
  looksAtConversations: boolean;
}

/** One question: who asked it, about what, and its answer. */
export function AskedQuestion({ slug, question, looksAtConversations }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [answering, setAnswering] = useState(question.answer === "");
  return (
    <li className={classes.question}>
      <Text size="sm" c="dimmed">
        {t("asked.by", {
          name: question.asked_by,
          kind: t(`kinds.${question.kind}`),
          when: format.time(question.asked_at),
        })}
      </Text>
      <p className={classes.text} dir="auto">
        {question.text}
      </p>
      {question.about !== null && (
        <p className={classes.about} dir="auto">
          {question.about}
        </p>
      )}
      {looksAtConversations && question.conversation !== null && (
        <Anchor
          component={Link}
          size="sm"
          to={`/projects/${slug}/conversations/${question.conversation}`}
        >
          {t("asked.look")}
        </Anchor>
      )}
      {answering ? (
        <AnswerForm slug={slug} question={question} onDone={() => setAnswering(false)} />
      ) : (
        <div className={classes.answer}>
          {question.pinned_at !== null && (
            <Badge variant="light" tt="none" fw={500}>
              {question.guideline_version === null
                ? t("asked.pinned")
                : t("asked.pinnedUnder", { n: question.guideline_version })}
            </Badge>
          )}
          <Markdown text={question.answer} />
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            mt={4}
            onClick={() => setAnswering(true)}
          >
            {t("asked.change")}
          </Button>
        </div>
      )}
    </li>
  );
}

function AnswerForm({
  slug,
  question,
  onDone,
}: Omit<Props, "looksAtConversations"> & { onDone: () => void }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const answering = useAnswer(slug, question.id);
  const [answer, setAnswer, forgetAnswer] = useKeptText(`answer.${question.id}`, question.answer);
  const [pin, setPin] = useState(question.pinned_at !== null);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        answering.mutate(
          { answer, pin },
          {
            onSuccess: () => {
              forgetAnswer();
              toast(t("asked.sent"));
              onDone();
            },
          },
        );
      }}
    >
      <Textarea
        mt="xs"
        aria-label={t("asked.answerTo", { text: question.text })}
        placeholder={t("asked.answer")}
        autosize
        minRows={2}
        dir="auto"
        value={answer}
        onChange={(event) => setAnswer(event.currentTarget.value)}
      />
      {answering.isError && (
        <Alert color="red" role="alert" mt="xs">
          {errorText(answering.error)}
        </Alert>
      )}
      <Group justify="space-between" mt="xs">
        <Checkbox
          label={t("asked.pin")}
          checked={pin}
          onChange={(event) => setPin(event.currentTarget.checked)}
        />
        <Button type="submit" disabled={answer.trim() === ""} loading={answering.isPending}>
          {t("asked.send")}
        </Button>
      </Group>
    </form>
  );
}
