import { Alert, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

import type { SamplingFigures } from "@/api/types";
import report from "@/components/report/Report.module.css";
import { useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { usePageTitle } from "@/hooks/usePageTitle";

import { samplingActions } from "./actions";
import { Faults } from "./Faults";
import { GateControl } from "./GateControl";
import { PolicyFigures } from "./PolicyFigures";
import { ProbeBox } from "./ProbeBox";
import { figuresQuery } from "./requests";
import { SamplingTabs } from "./SamplingTabs";
import { SamplingTiles } from "./SamplingTiles";
import { TokenBars } from "./TokenBars";
import { Workers } from "./Workers";

interface Props {
  slug: string;
}

/** Does sampling keep up, what holds it back, and what a policy says when asked. */
export function SamplingPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("samplingPage.title"));
  const figures = useQuery(figuresQuery(slug));
  if (figures.isPending) return <PageLoading />;
  if (figures.data === undefined) {
    return <ErrorPanel error={figures.error} onRetry={() => void figures.refetch()} />;
  }
  return <SamplingView slug={slug} figures={figures.data} />;
}

interface ViewProps {
  slug: string;
  figures: SamplingFigures;
}

function SamplingView({ slug, figures }: ViewProps) {
  const { t } = useTranslation();
  const probe = useRef<HTMLTextAreaElement>(null);
  useActions(t("samplingPage.title"), samplingActions, {
    focusProbe: () => probe.current?.focus(),
  });
  return (
    <div className={report.page}>
      <header className={report.header}>
        <div>
          <Title order={1} className={report.title}>
            {t("samplingPage.title")}
          </Title>
          <SamplingTabs slug={slug} />
        </div>
        <GateControl slug={slug} gate={figures.gate} />
      </header>
      {figures.state !== "ok" && (
        <Alert color="orange" variant="light" role="status" mb="md">
          {t(`samplingPage.states.${figures.state}`)}
        </Alert>
      )}
      <SamplingTiles figures={figures} />
      <TokenBars byMinute={figures.tokens_by_minute} />
      <Workers slug={slug} runners={figures.runners} />
      <PolicyFigures rows={figures.policies} />
      <Faults rows={figures.faults} />
      <ProbeBox slug={slug} inputRef={probe} />
    </div>
  );
}
