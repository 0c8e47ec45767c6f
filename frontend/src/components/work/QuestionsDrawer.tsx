import { Alert, Button, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";
import { useKeptText } from "@/hooks/useKeptText";
import { questionsQuery, useAsk, useFlag } from "@/hooks/useQuestions";

import { ErrorPanel } from "../ErrorPanel";
import { PageLoading } from "../PageLoading";
import { SideDrawer } from "../SideDrawer";
import { AskedAndAnswered } from "./AskedAndAnswered";

interface Props {
  assignment: number;
  opened: boolean;
  onClose: () => void;
  /** The task went back to the queue with the question. */
  onReleased: () => void;
}

/** Asks a lead about the task, and shows what leads have ruled on tasks like it. */
export function QuestionsDrawer({ assignment, opened, onClose, onReleased }: Props) {
  const { t } = useTranslation();
  return (
    <SideDrawer title={t("questions.title")} opened={opened} onClose={onClose}>
      {opened && <Questions assignment={assignment} onReleased={onReleased} />}
    </SideDrawer>
  );
}

function Questions({ assignment, onReleased }: Pick<Props, "assignment" | "onReleased">) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const questions = useQuery(questionsQuery(assignment));
  const asking = useAsk(assignment);
  const flagging = useFlag(assignment);
  const [text, setText, forgetText] = useKeptText(`question.${assignment}`);
  if (questions.isPending) return <PageLoading />;
  if (questions.isLoadingError) {
    return (
      <ErrorPanel order={2} error={questions.error} onRetry={() => void questions.refetch()} />
    );
  }
  const clear = () => {
    setText("");
    forgetText();
  };
  const ask = (release: boolean) =>
    asking.mutate(
      { text, release },
      {
        onSuccess: () => {
          clear();
          if (release) onReleased();
        },
      },
    );
  const { questions: mine, rulings, may_release: mayRelease } = questions.data;
  return (
    <Stack>
      <Textarea
        label={t("questions.ask")}
        description={t("questions.askHint")}
        autosize
        minRows={3}
        dir="auto"
        data-autofocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {(asking.isError || flagging.isError) && (
        <Alert color="red" role="alert">
          {errorText(asking.error ?? flagging.error)}
        </Alert>
      )}
      {flagging.isSuccess && (
        <Alert color="gray" role="status">
          {t("questions.flagged")}
        </Alert>
      )}
      <Group justify="flex-end" gap="xs">
        {mayRelease && (
          <Button
            variant="subtle"
            color="gray"
            disabled={text.trim() === ""}
            loading={asking.isPending && asking.variables.release}
            onClick={() => ask(true)}
          >
            {t("questions.askAndRelease")}
          </Button>
        )}
        <Button
          variant="default"
          disabled={text.trim() === ""}
          loading={flagging.isPending}
          onClick={() => flagging.mutate(text, { onSuccess: clear })}
        >
          {t("questions.flag")}
        </Button>
        <Button
          disabled={text.trim() === ""}
          loading={asking.isPending && !asking.variables.release}
          onClick={() => ask(false)}
        >
          {t("questions.askAndKeep")}
        </Button>
      </Group>
      {mine.length > 0 && (
        <section aria-label={t("questions.mine")}>
          <Title order={3} size="h5">
            {t("questions.mine")}
          </Title>
          {mine.map((question) => (
            <AskedAndAnswered key={question.id} question={question} />
          ))}
        </section>
      )}
      <section aria-label={t("questions.rulings")}>
        <Title order={3} size="h5">
          {t("questions.rulings")}
        </Title>
        {rulings.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("questions.noRulings")}
          </Text>
        )}
        {rulings.map((ruling) => (
          <AskedAndAnswered key={ruling.id} question={ruling} />
        ))}
      </section>
    </Stack>
  );
}
