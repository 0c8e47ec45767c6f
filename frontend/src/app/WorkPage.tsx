import { Button } from "@mantine/core";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import type { Assignment } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { useAssignment } from "@/hooks/useWork";

const DemonstrationPage = lazy(async () => ({
  default: (await import("@/features/demonstration/DemonstrationPage")).DemonstrationPage,
}));
const ChatPage = lazy(async () => ({
  default: (await import("@/features/chat/ChatPage")).ChatPage,
}));
const RankingPage = lazy(async () => ({
  default: (await import("@/features/ranking/RankingPage")).RankingPage,
}));
const ReviewPage = lazy(async () => ({
  default: (await import("@/features/review/ReviewPage")).ReviewPage,
}));

const PAGES = {
  demonstration: DemonstrationPage,
  chat: ChatPage,
  ranking: RankingPage,
  review: ReviewPage,
} satisfies Record<Assignment["kind"], unknown>;

/** Opens a task with the page for its kind. */
export function WorkPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const id = Number(useParams().assignment);
  const assignment = useAssignment(id);
  if (assignment.isPending) return <PageLoading />;
  if (assignment.isError) {
    return (
      <ErrorPanel error={assignment.error} onRetry={() => void assignment.refetch()}>
        <Button variant="default" component={Link} to={`/projects/${slug}`}>
          {t("app.backHome")}
        </Button>
      </ErrorPanel>
    );
  }
  if (assignment.data.state === "submitted" || assignment.data.state === "skipped") {
    return (
      <StatePanel title={t("work.doneTitle")} hint={t("work.doneHint")}>
        <Button component={Link} to={`/projects/${slug}`}>
          {t("app.backHome")}
        </Button>
      </StatePanel>
    );
  }
  const Page = PAGES[assignment.data.kind];
  return <Page key={id} slug={slug} assignment={assignment.data} />;
}
