import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { ChatThread } from "./ChatThread";

interface Props {
  slug: string;
  assignment: Assignment;
}

export function ChatPage({ slug, assignment }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("kinds.chat"));
  if (assignment.conversation === null) {
    return <StatePanel title={t("thread.goneTitle")} hint={t("thread.goneHint")} />;
  }
  return <ChatThread slug={slug} assignment={assignment} initial={assignment.conversation} />;
}
