import { Button, Group, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Progress } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import classes from "@/components/report/Report.module.css";
import { Tile } from "@/components/report/Tile";
import { SamplingNotice } from "@/components/SamplingNotice";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { progressActions, sampleAction } from "./actions";
import { progressQuery } from "./requests";
import { SamplingDialog } from "./SamplingDialog";

interface Props {
  slug: string;
}

/** Are we on track, is it any good, what is stuck. */
export function ProgressPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("progress.title"));
  const progress = useQuery(progressQuery(slug));
  if (progress.isPending) return <PageLoading />;
  if (progress.isLoadingError) {
    return <ErrorPanel error={progress.error} onRetry={() => void progress.refetch()} />;
  }
  return <ProgressView slug={slug} progress={progress.data} />;
}

function ProgressView({ slug, progress }: { slug: string; progress: Progress }) {
  const { t } = useTranslation();
  const [sampling, setSampling] = useState(false);
  const context = { openSampling: () => setSampling(true) };
  useActions(t("progress.title"), progressActions, context);
  const { demonstrations, chats, comparisons, rankings, reviews } = progress.tiles;
  return (
    <div className={classes.page}>
      <SamplingNotice sampling={progress.sampling} />
      <header className={classes.header}>
        <div>
          <Title order={1} className={classes.title}>
            {t("progress.title")}
          </Title>
          <Text c="dimmed" size="sm">
            {t("progress.round", { number: progress.round.number })}
          </Text>
        </div>
        <Group>
          <Button component={Link} to={`/projects/${slug}/comparisons`} variant="default">
            {t("comparisons.open")}
          </Button>
          <ActionButton action={sampleAction} context={context} keyInside />
        </Group>
      </header>

      <div className={classes.tiles}>
        <Tile
          title={t("progress.demonstrations")}
          main={{ label: t("progress.approved"), value: demonstrations.approved }}
          others={[
            { label: t("progress.waiting"), value: demonstrations.submitted },
            { label: t("progress.inHand"), value: demonstrations.held },
            { label: t("progress.open"), value: demonstrations.open },
          ]}
        />
        <Tile
          title={t("progress.reviews")}
          main={{ label: t("progress.done"), value: reviews.done }}
          others={[{ label: t("progress.open"), value: reviews.open }]}
        />
        <Tile
          title={t("progress.chats")}
          main={{ label: t("progress.finished"), value: chats.finished }}
          others={[
            { label: t("progress.eligible"), value: chats.eligible },
            { label: t("progress.open"), value: chats.open },
          ]}
        />
        <Tile
          title={t("progress.comparisons")}
          main={{ label: t("progress.ready"), value: comparisons.ready }}
          others={[
            { label: t("progress.beingSampled"), value: comparisons.sampling },
            { label: t("progress.failed"), value: comparisons.failed, bad: true },
          ]}
        />
        <Tile
          title={t("progress.rankings")}
          main={{ label: t("progress.done"), value: rankings.done }}
          others={[{ label: t("progress.open"), value: rankings.open }]}
        />
      </div>

      <section aria-labelledby="progress-people">
        <Title order={2} id="progress-people" className={classes.heading}>
          {t("progress.people")}
        </Title>
        <People people={progress.people} />
      </section>
      <SamplingDialog slug={slug} opened={sampling} onClose={() => setSampling(false)} />
    </div>
  );
}

function People({ people }: { people: Progress["people"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (people.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        {t("progress.noPeople")}
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("progress.person")}</Table.Th>
            <Table.Th>{t("progress.role")}</Table.Th>
            <Table.Th className={classes.number}>{t("progress.today")}</Table.Th>
            <Table.Th className={classes.number}>{t("progress.thisWeek")}</Table.Th>
            <Table.Th className={classes.number}>{t("progress.activeThisWeek")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {people.map((person, index) => (
            // Two people may share a name; the list comes in one piece each time.
            <Table.Tr key={index}>
              <Table.Td dir="auto">{person.display_name}</Table.Td>
              <Table.Td>{t(`app.roles.${person.role}`)}</Table.Td>
              <Table.Td className={classes.number}>{format.number(person.today)}</Table.Td>
              <Table.Td className={classes.number}>{format.number(person.this_week)}</Table.Td>
              <Table.Td className={classes.number}>
                {format.duration(person.active_seconds_this_week)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
