import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { DemonstrationEditor } from "./DemonstrationEditor";

interface Props {
  slug: string;
  assignment: Assignment;
}

export function DemonstrationPage({ slug, assignment }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("kinds.demonstration"));
  if (assignment.conversation === null) {
    return <StatePanel title={t("thread.goneTitle")} hint={t("thread.goneHint")} />;
  }
  return (
    <DemonstrationEditor slug={slug} assignment={assignment} initial={assignment.conversation} />
  );
}
