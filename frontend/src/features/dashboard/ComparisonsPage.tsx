import { Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import classes from "@/components/report/Report.module.css";
import { Tile } from "@/components/report/Tile";
import { usePageTitle } from "@/hooks/usePageTitle";

import { progressActions, sampleAction } from "./actions";
import { ComparisonList } from "./ComparisonList";
import { makingQuery } from "./comparisonRequests";
import { ComparisonTabs } from "./ComparisonTabs";
import { HourBars } from "./HourBars";
import { ManagerFlags } from "./ManagerFlags";
import { PickRuns } from "./PickRuns";
import { SamplingDialog } from "./SamplingDialog";
import { StuckComparisons } from "./StuckComparisons";

/** How comparisons are made: what is under way, what is stuck, and the rules. */
export function ComparisonsPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("comparisons.title"));
  const making = useQuery(makingQuery(slug));
  const [sampling, setSampling] = useState(false);
  const context = { openSampling: () => setSampling(true) };
  useActions(t("comparisons.title"), progressActions, context);
  if (making.isPending) return <PageLoading />;
  if (making.isLoadingError) {
    return <ErrorPanel error={making.error} onRetry={() => void making.refetch()} />;
  }
  const { states, eligible, hours } = making.data;
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <div>
          <Title order={1} className={classes.title}>
            {t("comparisons.title")}
          </Title>
          <ComparisonTabs slug={slug} />
        </div>
        <ActionButton action={sampleAction} context={context} keyInside />
      </header>
      <div className={classes.tiles}>
        <Tile
          title={t("comparisons.title")}
          main={{ label: t("comparisons.states.ready"), value: states.ready }}
          others={[
            { label: t("comparisons.states.sampling"), value: states.sampling },
            { label: t("comparisons.states.failed"), value: states.failed, bad: true },
            { label: t("comparisons.states.cancelled"), value: states.cancelled },
            { label: t("comparisons.states.superseded"), value: states.superseded },
          ]}
        />
        <Tile
          title={t("progress.eligible")}
          main={{ label: t("comparisons.run.sources.chats"), value: eligible.chats ?? 0 }}
          others={[
            { label: t("comparisons.run.sources.imported"), value: eligible.imported ?? 0 },
            { label: t("comparisons.run.sources.prompts"), value: eligible.prompts ?? 0 },
          ]}
        />
      </div>
      <HourBars hours={hours} />
      <StuckComparisons slug={slug} failed={states.failed} cancelled={states.cancelled} />
      <ManagerFlags slug={slug} />
      <ComparisonList slug={slug} />
      <PickRuns slug={slug} />
      <SamplingDialog slug={slug} opened={sampling} onClose={() => setSampling(false)} />
    </div>
  );
}
