import { Alert, Anchor, Button, Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";

import type { Home } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { GuidelineDrawer } from "@/components/GuidelineDrawer";
import { PageLoading } from "@/components/PageLoading";
import { SamplingNotice } from "@/components/SamplingNotice";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";
import { homeQuery } from "@/hooks/useHome";
import { usePageTitle } from "@/hooks/usePageTitle";
import { useStartWork, type HomeArrival } from "@/hooks/useStartWork";

import { continueAction, homeActions, nextQueue, startAction } from "./actions";
import { ExamRow } from "./ExamRow";
import classes from "./HomePage.module.css";
import { QueueRow } from "./QueueRow";

const REFRESH_MILLISECONDS = 30_000;

interface Props {
  slug: string;
}

export function HomePage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("home.title"));
  // Work comes while somebody looks at an empty queue.
  const home = useQuery({ ...homeQuery(slug), refetchInterval: REFRESH_MILLISECONDS });
  const { key } = useLocation();
  if (home.isPending) return <PageLoading />;
  if (home.isLoadingError) {
    return <ErrorPanel error={home.error} onRetry={() => void home.refetch()} />;
  }
  // Each arrival has its own reason to be here, also when it comes from this page itself.
  return <HomeView key={key} home={home.data} />;
}

/** Why a guideline should be read: it must be, it is new, or it has changed. */
function unreadKey({ breaking, version }: Home["guidelines"][number]) {
  if (breaking) return "home.mustRead";
  return version === 1 ? "home.unread" : "home.changed";
}

/** Whether the entry exam is what there is to do. */
const beforeExam = ({ exam }: Home) => exam === "waiting" || exam === "unjudged";

function HomeView({ home }: { home: Home }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const arrival = (useLocation().state ?? {}) as HomeArrival;
  const [guideline, setGuideline] = useState<number | null>(arrival.guideline ?? null);
  const work = useStartWork(home.project.slug);
  const next = nextQueue(home.queues);
  const base = `/projects/${home.project.slug}`;
  const context = { next, busy: work.isPending, start: work.start };
  useActions(t("home.title"), homeActions, context);

  return (
    <div className={classes.page}>
      <SamplingNotice sampling={home.sampling} />
      {arrival.notice !== undefined && (
        <Alert variant="light" color="gray" role="status" mb="lg">
          {arrival.notice}
        </Alert>
      )}
      {work.error !== null && (
        <Alert color="red" role="alert" mb="lg">
          {errorText(work.error)}
        </Alert>
      )}

      <section className={classes.next}>
        <Title order={1} className={classes.headline}>
          {next === null
            ? t(beforeExam(home) ? "home.examTitle" : "home.nothingTitle")
            : next.held !== null
              ? t(`home.continueHeadline.${next.kind}`)
              : t(`home.nextHeadline.${next.kind}`, {
                  count: next.available,
                  shown: format.bounded(next.available, 100),
                })}
        </Title>
        <Text c="dimmed" mt={4} dir="auto">
          {next !== null
            ? home.project.description
            : t(beforeExam(home) ? "home.examHint" : "home.nothingHint")}
        </Text>
        {next !== null && (
          <Group mt="lg">
            <ActionButton
              action={next.held === null ? startAction : continueAction}
              context={context}
              keyInside
              size="md"
              loading={work.isPending}
            />
          </Group>
        )}
      </section>

      <ExamRow home={home} />

      <section aria-labelledby="home-queues">
        <Title order={2} id="home-queues" className={classes.heading}>
          {t("home.queues")}
        </Title>
        <ul className={classes.list}>
          {home.queues.map((queue) => (
            <QueueRow
              key={queue.kind}
              queue={queue}
              busy={work.isPending}
              onStart={() => work.start(queue.kind)}
            />
          ))}
        </ul>
      </section>

      {home.returned.length > 0 && (
        <section aria-labelledby="home-returned">
          <Title order={2} id="home-returned" className={classes.heading}>
            {t("home.returned", { count: home.returned.length })}
          </Title>
          <ul className={classes.list}>
            {home.returned.map((row) => (
              <li key={row.task} className={classes.row}>
                <div className={classes.rowText}>
                  <span dir="auto">{row.title}</span>
                  <Text size="sm" c="dimmed" dir="auto">
                    {row.comment}
                  </Text>
                </div>
                <Button
                  variant="default"
                  onClick={() => work.start("demonstration", row.conversation)}
                >
                  {t("home.rework")}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}

      {home.open_questions !== null && home.open_questions > 0 && (
        <section aria-labelledby="home-questions">
          <Title order={2} id="home-questions" className={classes.heading}>
            {t("asked.title")}
          </Title>
          <ul className={classes.list}>
            <li className={classes.row}>
              <div className={classes.rowText}>
                {t("home.questions", {
                  count: home.open_questions,
                  shown: format.bounded(home.open_questions, 100),
                })}
              </div>
              <Button component={Link} to={`${base}/questions`} variant="default">
                {t("home.answer")}
              </Button>
            </li>
          </ul>
        </section>
      )}

      {home.kept.length > 0 && (
        <section aria-labelledby="home-kept">
          <Title order={2} id="home-kept" className={classes.heading}>
            {t("home.kept")}
          </Title>
          <ul className={classes.list}>
            {home.kept.map((row) => (
              <li key={row.assignment} className={classes.row}>
                <div className={classes.rowText}>
                  <span>{t(`kinds.${row.kind}`)}</span>
                  <Text size="sm" c="dimmed">
                    {t("home.keptHint", { when: format.time(row.at) })}
                  </Text>
                </div>
                <Button
                  component={Link}
                  to={`/projects/${home.project.slug}/work/${row.assignment}`}
                  variant="default"
                >
                  {t("home.look")}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}

      <section aria-labelledby="home-me">
        <Title order={2} id="home-me" className={classes.heading}>
          {t("home.mine")}
        </Title>
        <p className={classes.figures}>
          {t("home.figures", {
            today: home.today,
            week: home.this_week,
            time: format.duration(home.active_seconds_today),
          })}
        </p>
        <Group gap="lg" mt={6}>
          <Anchor component={Link} to={`${base}/conversations`} size="sm">
            {t("home.allConversations")}
          </Anchor>
          <Anchor component={Link} to={`${base}/mine`} size="sm">
            {t("home.yourRankings")}
          </Anchor>
          <Anchor component={Link} to={`${base}/time`} size="sm">
            {t("home.yourTime")}
          </Anchor>
          <Anchor component={Link} to={`${base}/declaration`} size="sm">
            {t("home.declaration")}
          </Anchor>
        </Group>
      </section>

      {home.guidelines.length > 0 && (
        <section aria-labelledby="home-guidelines">
          <Title order={2} id="home-guidelines" className={classes.heading}>
            {t("home.guidelines")}
          </Title>
          <ul className={classes.list}>
            {home.guidelines.map((row) => (
              <li key={row.id} className={classes.row}>
                <div className={classes.rowText}>
                  <span>
                    {t("home.guideline", { kind: t(`kinds.${row.kind}`), n: row.version })}
                  </span>
                  {!row.acknowledged && (
                    <Text size="sm" className={classes.changed}>
                      {t(unreadKey(row))}
                    </Text>
                  )}
                </div>
                <Button variant="subtle" color="gray" onClick={() => setGuideline(row.id)}>
                  {t("home.read")}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <GuidelineDrawer
        slug={home.project.slug}
        guideline={guideline}
        onClose={() => setGuideline(null)}
      />
    </div>
  );
}
