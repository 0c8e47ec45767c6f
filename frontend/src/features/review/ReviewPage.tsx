import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { ReviewDesk } from "./ReviewDesk";
import { ScoreDesk } from "./ScoreDesk";

interface Props {
  slug: string;
  assignment: Assignment;
}

export function ReviewPage({ slug, assignment }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("kinds.review"));
  if (assignment.conversation === null) {
    return <StatePanel title={t("thread.goneTitle")} hint={t("thread.goneHint")} />;
  }
  if (assignment.is_scored) {
    return <ScoreDesk slug={slug} assignment={assignment} conversation={assignment.conversation} />;
  }
  return <ReviewDesk slug={slug} assignment={assignment} initial={assignment.conversation} />;
}
