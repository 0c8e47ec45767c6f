import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import type { ComparisonDetail } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame, PageSection } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { CandidateCards } from "./CandidateCards";
import { ComparedContext } from "./ComparedContext";
import { comparisonQuery } from "./figuresRequests";
import { GoldSection } from "./GoldForm";
import { SideBySide } from "./SideBySide";
import { Superseding } from "./Superseding";

/** One comparison whole: what is answered, where each candidate came from, every ranking side by side. */
export function ComparisonPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const id = Number(useParams().comparison);
  usePageTitle(t("quality.comparison", { id }));
  const comparison = useQuery(comparisonQuery(id));
  if (comparison.isPending) return <PageLoading />;
  if (comparison.isLoadingError) {
    return <ErrorPanel error={comparison.error} onRetry={() => void comparison.refetch()} />;
  }
  return <ComparisonView key={id} slug={slug} comparison={comparison.data} />;
}

function ComparisonView({ slug, comparison }: { slug: string; comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  const { share, time } = useFormat();
  const facts = [
    comparison.category.replaceAll("_", " "),
    comparison.language,
    time(comparison.created_at),
    comparison.agreement !== null &&
      t("quality.pairAgreement", { share: share(comparison.agreement) }),
    comparison.split && t("quality.split"),
    comparison.n_cycles > 0 && t("quality.cycles", { count: comparison.n_cycles }),
  ];
  return (
    <PageFrame
      title={t("quality.comparison", { id: comparison.id })}
      above={
        <Anchor
          component={Link}
          to={`/projects/${slug}/comparisons?state=${comparison.state}`}
          size="sm"
        >
          ← {t("comparisons.back")}
        </Anchor>
      }
      hint={facts.filter(Boolean).join(" · ")}
      wide
    >
      <Superseding slug={slug} comparison={comparison} />
      <PageSection title={t("quality.context")}>
        <ComparedContext context={comparison.context} />
        <Text size="sm" c="dimmed" mt="xs">
          {t("quality.question")}: <span dir="auto">{comparison.question}</span>{" "}
          {comparison.direction === "less" && t("quality.least")}
        </Text>
      </PageSection>
      {comparison.candidates.length > 0 && (
        <PageSection title={t("quality.candidates")}>
          <CandidateCards candidates={comparison.candidates} />
        </PageSection>
      )}
      <PageSection title={t("quality.allRankings")}>
        <SideBySide comparison={comparison} />
      </PageSection>
      <GoldSection comparison={comparison} />
    </PageFrame>
  );
}
