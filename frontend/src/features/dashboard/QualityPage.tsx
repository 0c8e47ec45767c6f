import { Button, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Figures } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { toast, toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { DraftTrial } from "./DraftTrial";
import { figuresQuery, useRefreshFigures } from "./figuresRequests";
import { FlagTable, MakerTable, SliceTable } from "./FigureTables";
import { IntervalBar } from "./IntervalBar";
import { PolicyMatrix } from "./PolicyMatrix";
import { PolicyRates } from "./PolicyRates";
import progressClasses from "@/components/report/Report.module.css";
import classes from "./Quality.module.css";
import { RaterPairs } from "./RaterPairs";
import { RaterTable } from "./RaterTable";

interface Props {
  slug: string;
}

/** Is it any good: agreement, biases, people and policies, each with how sure we are. */
export function QualityPage({ slug }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  usePageTitle(t("quality.title"));
  const figures = useQuery(figuresQuery(slug));
  const refresh = useRefreshFigures(slug);
  if (figures.isPending) return <PageLoading />;
  if (figures.isLoadingError) {
    return <ErrorPanel error={figures.error} onRetry={() => void figures.refetch()} />;
  }
  const { computed_at, figures: body } = figures.data;
  const compute = (
    <Button
      variant="default"
      loading={refresh.isPending}
      onClick={() =>
        refresh.mutate(undefined, {
          onSuccess: () => toast(t("quality.refreshing")),
          onError: (error) => toastFailure(errorText(error)),
        })
      }
    >
      {t("quality.refresh")}
    </Button>
  );
  return (
    <div className={progressClasses.page}>
      <header className={progressClasses.header}>
        <div>
          <Title order={1} className={progressClasses.title}>
            {t("quality.title")}
          </Title>
          {computed_at && body && (
            <Text c="dimmed" size="sm">
              {t("quality.asOf", { time: format.time(computed_at) })}
              {" · "}
              {t("quality.basis", {
                comparisons: t("quality.basisComparisons", {
                  count: body.n_comparisons,
                  shown: format.number(body.n_comparisons),
                }),
                rankings: t("quality.basisRankings", {
                  count: body.n_rankings,
                  shown: format.number(body.n_rankings),
                }),
              })}
            </Text>
          )}
        </div>
        {body && compute}
      </header>
      {body ? (
        <Sections figures={body} />
      ) : (
        <StatePanel order={2} title={t("quality.none")} hint={t("quality.noneHint")}>
          {compute}
        </StatePanel>
      )}
      <DraftTrial slug={slug} />
    </div>
  );
}

function Sections({ figures }: { figures: Figures }) {
  const { t } = useTranslation();
  return (
    <>
      <Section title={t("quality.agreement")} hint={t("quality.agreementHint")}>
        <Agreement figures={figures} />
      </Section>
      {figures.agreement.by_language.length > 0 && (
        <Section title={t("quality.slices")}>
          <SliceTable agreement={figures.agreement} />
        </Section>
      )}
      <Section title={t("quality.biases")} hint={t("quality.slotsHint")}>
        <Biases figures={figures} />
      </Section>
      <Section title={t("quality.people")} hint={t("quality.peopleHint")}>
        <RaterTable raters={figures.raters} />
      </Section>
      <Section title={t("quality.pairs")} hint={t("quality.pairsHint")}>
        <RaterPairs pairs={figures.rater_pairs} />
      </Section>
      <Section title={t("quality.policies")} hint={t("quality.policiesHint")}>
        <PolicyMatrix policies={figures.policies} />
        <PolicyRates policies={figures.policies} />
      </Section>
      {figures.makers.length > 0 && (
        <Section title={t("quality.makers")} hint={t("quality.makersHint")}>
          <MakerTable makers={figures.makers} />
        </Section>
      )}
      <Section title={t("quality.alpha")} hint={t("quality.alphaHint")}>
        <FlagTable figures={figures} />
      </Section>
    </>
  );
}

interface SectionProps {
  title: string;
  hint?: string;
  children: ReactNode;
}

function Section({ title, hint, children }: SectionProps) {
  return (
    <section aria-label={title}>
      <Title order={2} className={progressClasses.heading}>
        {title}
      </Title>
      {hint && <p className={classes.hint}>{hint}</p>}
      {children}
    </section>
  );
}

function Agreement({ figures }: { figures: Figures }) {
  const { t } = useTranslation();
  const { all } = figures.agreement;
  if (all.same_order === null) {
    return <Text>{t("quality.notEnough", { n: all.n_comparisons })}</Text>;
  }
  const reported = [
    { label: t("quality.reportedTraining"), value: figures.reported.training },
    { label: t("quality.reportedHeldOut"), value: figures.reported.held_out },
  ];
  return (
    <div className={classes.grid}>
      <IntervalBar label={t("quality.sameOrder")} estimate={all.same_order} marks={reported} />
      {all.with_ties && <IntervalBar label={t("quality.withTies")} estimate={all.with_ties} />}
      {all.strict_share && (
        <IntervalBar label={t("quality.strictShare")} estimate={all.strict_share} />
      )}
      {all.tau_b && (
        <IntervalBar label={t("quality.tauB")} estimate={all.tau_b} from={-1} coefficient />
      )}
      {all.noise_ceiling && (
        <div>
          <IntervalBar label={t("quality.ceiling")} estimate={all.noise_ceiling} />
          <p className={classes.intervalFoot}>{t("quality.ceilingHint")}</p>
        </div>
      )}
      {figures.consensus.clear_share && (
        <div>
          <IntervalBar label={t("quality.consensus")} estimate={figures.consensus.clear_share} />
          <p className={classes.intervalFoot}>
            {t("quality.consensusHint", {
              clear: figures.consensus.n_clear,
              pairs: figures.consensus.n_pairs,
              cyclic: figures.consensus.n_cyclic,
            })}
          </p>
        </div>
      )}
    </div>
  );
}

const FIRST_LETTER = "A".charCodeAt(0);

function Biases({ figures }: { figures: Figures }) {
  const { t } = useTranslation();
  const { blindness, longer_wins, slots } = figures;
  return (
    <div className={classes.grid}>
      {slots.map(({ slot, excess }) => (
        <IntervalBar
          key={slot}
          label={t("quality.slot", { letter: String.fromCharCode(FIRST_LETTER + slot) })}
          estimate={excess}
          from={-0.5}
          to={0.5}
          marks={[{ label: "", value: 0 }]}
        />
      ))}
      {slots.length === 0 && <Text c="dimmed">{t("quality.noSlots")}</Text>}
      {longer_wins ? (
        <div>
          <IntervalBar label={t("quality.longer")} estimate={longer_wins} />
          <p className={classes.intervalFoot}>{t("quality.longerHint")}</p>
        </div>
      ) : (
        <Text c="dimmed" size="sm">
          {t("quality.longer")}: {t("quality.longerNone")}
        </Text>
      )}
      {blindness.guessed && blindness.chance !== null ? (
        <IntervalBar
          label={t("quality.blind")}
          estimate={blindness.guessed}
          marks={[{ label: t("quality.blindChance"), value: blindness.chance }]}
        />
      ) : (
        <Text c="dimmed" size="sm">
          {t("quality.blind")}: {t("quality.blindNone")}
        </Text>
      )}
    </div>
  );
}
