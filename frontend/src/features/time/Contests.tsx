import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { TimeContest } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { DurationInput } from "./DurationInput";
import { contestsQuery, useDecide } from "./requests";
import classes from "./Time.module.css";

/** The days whose count somebody contests, for the manager who decides. */
export function Contests({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const found = useQuery(contestsQuery(slug));
  if (found.isPending) return <PageLoading />;
  if (found.isLoadingError) {
    return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />;
  }
  if (found.data.contests.length === 0) return <Text c="dimmed">{t("time.noContests")}</Text>;
  return (
    <ul className={classes.contests}>
      {found.data.contests.map((contest) => (
        <Decision key={contest.id} slug={slug} contest={contest} />
      ))}
    </ul>
  );
}

function Decision({ slug, contest }: { slug: string; contest: TimeContest }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const deciding = useDecide(slug, contest.id);
  const [granted, setGranted] = useState(contest.claimed_seconds);
  const [answer, setAnswer] = useState("");
  return (
    <li className={classes.contest}>
      <Text>
        {t("time.claimedBy", {
          person: contest.person,
          day: format.day(contest.day),
          counted: format.duration(contest.counted_seconds),
          claimed: format.duration(contest.claimed_seconds),
        })}
      </Text>
      <Text size="sm" c="dimmed" dir="auto">
        {contest.text}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          deciding.mutate({ granted_seconds: granted, answer });
        }}
      >
        <Stack gap="xs" mt="xs">
          <Group align="flex-end" gap="xs">
            <DurationInput
              hoursLabel={t("time.grantHours")}
              minutesLabel={t("time.grantMinutes")}
              seconds={granted}
              onChange={setGranted}
            />
            <TextInput
              label={t("time.answer")}
              dir="auto"
              value={answer}
              onChange={(event) => setAnswer(event.currentTarget.value)}
            />
            <Button type="submit" variant="default" loading={deciding.isPending}>
              {t("time.decide")}
            </Button>
          </Group>
          {deciding.isError && (
            <Alert color="red" role="alert">
              {errorText(deciding.error)}
            </Alert>
          )}
        </Stack>
      </form>
    </li>
  );
}
