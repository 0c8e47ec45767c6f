import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { RankingBoard } from "./RankingBoard";

interface Props {
  slug: string;
  assignment: Assignment;
}

export function RankingPage({ slug, assignment }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("kinds.ranking"));
  if (assignment.comparison === null) {
    return <StatePanel title={t("ranking.goneTitle")} hint={t("thread.goneHint")} />;
  }
  return <RankingBoard slug={slug} assignment={assignment} comparison={assignment.comparison} />;
}
