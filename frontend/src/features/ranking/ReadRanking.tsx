import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { Turn } from "@/components/thread/Turn";
import { knownRole } from "@/components/thread/turnText";

import { ContextPane } from "./ContextPane";
import { parseRankingDraft } from "./draft";
import { tierNumber } from "./order";

/** A ranking in the making, to be read: the candidates, and where those stand that are placed. */
export function ReadRanking({ assignment }: { assignment: Assignment }) {
  const { t } = useTranslation();
  const { comparison } = assignment;
  if (comparison === null) return null;
  const order = parseRankingDraft(assignment.autosaves[0]?.payload)?.order ?? [];
  const nameOf = (label: string) => {
    const tier = tierNumber(order, label);
    return tier === null
      ? t("ranking.candidate", { label })
      : t("ranking.candidateIs", { label, place: t("ranking.inTier", { n: tier }) });
  };
  return (
    <>
      <ContextPane context={comparison.context} />
      {comparison.candidates.map(({ label, content }) => (
        <Turn key={label} role={knownRole("assistant")} note={nameOf(label)} content={content} />
      ))}
    </>
  );
}
