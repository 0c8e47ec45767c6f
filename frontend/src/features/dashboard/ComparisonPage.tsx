import { Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";

import type { ComparisonDetail } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Markdown } from "@/components/markdown/Markdown";
import { PageLoading } from "@/components/PageLoading";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { comparisonQuery } from "./figuresRequests";
import { GoldForm } from "./GoldForm";
import { letterOf } from "./orderLine";
import progressClasses from "@/components/report/Report.module.css";
import classes from "./Quality.module.css";
import { SideBySide } from "./SideBySide";
import { Superseding } from "./Superseding";

/** One comparison whole: where each candidate came from, and every ranking side by side. */
export function ComparisonPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const id = Number(useParams().comparison);
  usePageTitle(t("quality.comparison", { id }));
  const comparison = useQuery(comparisonQuery(id));
  if (comparison.isPending) return <PageLoading />;
  if (comparison.isError) {
    return <ErrorPanel error={comparison.error} onRetry={() => void comparison.refetch()} />;
  }
  return <ComparisonView slug={slug} comparison={comparison.data} />;
}

function ComparisonView({ slug, comparison }: { slug: string; comparison: ComparisonDetail }) {
  const { t } = useTranslation();
  const { share } = useFormat();
  return (
    <div className={progressClasses.page}>
      <Title order={1} className={progressClasses.title}>
        {t("quality.comparison", { id: comparison.id })}
      </Title>
      <Text c="dimmed" size="sm">
        {comparison.agreement !== null &&
          t("quality.pairAgreement", { share: share(comparison.agreement) })}
        {comparison.split && ` · ${t("quality.split")}`}
        {comparison.n_cycles > 0 && ` · ${t("quality.cycles", { count: comparison.n_cycles })}`}
      </Text>
      <Superseding slug={slug} comparison={comparison} />
      <section aria-label={t("quality.allRankings")}>
        <Title order={2} className={progressClasses.heading}>
          {t("quality.allRankings")}
        </Title>
        <SideBySide comparison={comparison} />
      </section>
      <section aria-label={t("quality.candidates")}>
        <Title order={2} className={progressClasses.heading}>
          {t("quality.candidates")}
        </Title>
        <div className={classes.candidates}>
          {comparison.candidates.map((candidate) => (
            <article key={candidate.id} className={classes.candidate}>
              <h3>{letterOf(candidate.index)}</h3>
              <Text c="dimmed" size="xs">
                {[
                  candidate.policy,
                  t(`quality.origin.${candidate.origin}`),
                  candidate.borda_place && t("quality.place", { place: candidate.borda_place }),
                  candidate.cut_by_length && t("quality.cut"),
                  candidate.near_identical && t("quality.near"),
                  candidate.names_model && t("quality.names"),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
              <Passage text={candidate.content} />
            </article>
          ))}
        </div>
      </section>
      <section aria-label={t("quality.context")}>
        <Title order={2} className={progressClasses.heading}>
          {t("quality.context")}
        </Title>
        {comparison.context.map((message, index) => (
          <div key={index}>
            <Text c="dimmed" size="xs" mt="xs">
              {t(`roles.${message.role}`, message.role)}
            </Text>
            <Passage text={message.content} />
          </div>
        ))}
      </section>
      <GoldForm comparison={comparison} />
    </div>
  );
}

/** A text of any length in a place of bounded height, which the keyboard can scroll. */
function Passage({ text }: { text: string }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes.candidateText} tabIndex={0}>
      <Markdown text={text} />
    </div>
  );
}
