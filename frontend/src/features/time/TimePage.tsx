import { Button, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { WorkingDay } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame, PageSection } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { useFormat } from "@/hooks/useFormat";
import { useHome } from "@/hooks/useHome";
import { usePageTitle } from "@/hooks/usePageTitle";

import { ContestDialog, type Contested } from "./ContestDialog";
import { Contests } from "./Contests";
import { daysQuery, monthFile } from "./requests";
import classes from "./Time.module.css";

/** The server counts days and months in UTC. */
const today = () => new Date().toISOString().slice(0, 10);

/** One's own working time by day, to be checked and, where it is wrong, contested. */
export function TimePage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("time.title"));
  const [month, setMonth] = useState(() => today().slice(0, 7));
  const [contested, setContested] = useState<Contested | null>(null);
  const days = useQuery(daysQuery(slug, month));
  const isManager = useHome(slug).data?.role === "manager";
  if (days.isPending) return <PageLoading />;
  if (days.isLoadingError) {
    return <ErrorPanel error={days.error} onRetry={() => void days.refetch()} />;
  }
  return (
    <PageFrame
      title={t("time.title")}
      hint={t("time.hint")}
      tools={
        <TextInput
          type="month"
          aria-label={t("time.month")}
          value={month}
          max={today().slice(0, 7)}
          onChange={(event) => {
            if (event.currentTarget.value !== "") setMonth(event.currentTarget.value);
          }}
        />
      }
    >
      {days.data.days.length === 0 ? (
        <Text c="dimmed">{t("time.nothing")}</Text>
      ) : (
        <Table.ScrollContainer minWidth={320}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("time.day")}</Table.Th>
                <Table.Th className={classes.number}>{t("time.tasks")}</Table.Th>
                <Table.Th className={classes.number}>{t("time.counted")}</Table.Th>
                <Table.Th>{t("time.stands")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {days.data.days.map((row) => (
                <DayRow
                  key={row.day}
                  row={row}
                  onContest={() => setContested({ day: row.day, seconds: row.active_seconds })}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Button mt="sm" variant="default" onClick={() => setContested({ day: null, seconds: 0 })}>
        {t("time.contestNew")}
      </Button>
      <ContestDialog
        key={contested?.day ?? "new"}
        slug={slug}
        contested={contested}
        latest={today()}
        onClose={() => setContested(null)}
      />
      {isManager && (
        <PageSection title={t("time.contests")}>
          <Contests slug={slug} />
          <Button mt="md" variant="default" component="a" href={monthFile(slug, month)} download>
            {t("time.export")}
          </Button>
        </PageSection>
      )}
    </PageFrame>
  );
}

function DayRow({ row, onContest }: { row: WorkingDay; onContest: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { contest, granted_seconds: granted } = row;
  return (
    <Table.Tr>
      <Table.Td className={classes.day}>{format.day(row.day)}</Table.Td>
      <Table.Td className={classes.number}>{format.number(row.n_tasks)}</Table.Td>
      <Table.Td className={classes.number}>{format.duration(row.active_seconds)}</Table.Td>
      <Table.Td>
        {contest === null || contest.granted_seconds === null ? (
          <>
            {granted !== null && (
              <Text size="sm">{t("time.decided", { time: format.duration(granted) })}</Text>
            )}
            {contest !== null && (
              <Text size="sm" c="dimmed">
                {t("time.waiting", { time: format.duration(contest.claimed_seconds) })}
              </Text>
            )}
            <Button
              variant="subtle"
              color="gray"
              size="compact-sm"
              aria-label={t("time.contestDay", { day: format.day(row.day) })}
              onClick={onContest}
            >
              {t("time.contest")}
            </Button>
          </>
        ) : (
          <Text size="sm">
            {t("time.decided", { time: format.duration(contest.granted_seconds) })}
            {contest.answer !== "" && (
              <Text span size="sm" c="dimmed" dir="auto">
                {" "}
                {t("time.answerWas", { answer: contest.answer })}
              </Text>
            )}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
