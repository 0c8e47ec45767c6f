import { Button } from "@mantine/core";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import type { Assignment } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { useOpenElsewhere } from "@/hooks/useOpenElsewhere";
import { useAssignment } from "@/hooks/useWork";

const OpenElsewhere = lazy(async () => ({
  default: (await import("@/components/work/OpenElsewhere")).OpenElsewhere,
}));
const ReadConversation = lazy(async () => ({
  default: (await import("@/components/thread/ReadConversation")).ReadConversation,
}));
const ReadRanking = lazy(async () => ({
  default: (await import("@/features/ranking/ReadRanking")).ReadRanking,
}));
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

/** For who only reads what is made of a task on another page. */
const READERS = {
  demonstration: ReadConversation,
  chat: ReadConversation,
  ranking: ReadRanking,
  review: ReadConversation,
} satisfies Record<Assignment["kind"], unknown>;

/** Opens a task with the page for its kind. */
export function WorkPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const id = Number(useParams().assignment);
  const assignment = useAssignment(id);
  const open = useOpenElsewhere(id);
  if (assignment.isPending) return <PageLoading />;
  // What is on screen stays when it cannot be fetched again: somebody may be writing in it.
  if (assignment.isLoadingError) {
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
  if (open.elsewhere) {
    return (
      <OpenElsewhere
        slug={slug}
        assignment={assignment.data}
        Reader={READERS[assignment.data.kind]}
        onContinue={open.continueHere}
      />
    );
  }
  const Page = PAGES[assignment.data.kind];
  return <Page key={id} slug={slug} assignment={assignment.data} />;
}
