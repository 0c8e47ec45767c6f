import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { useHome } from "@/hooks/useHome";
import { usePageTitle } from "@/hooks/usePageTitle";

import classes from "./Asked.module.css";
import { AskedQuestion } from "./AskedQuestion";
import { LeadTabs } from "./LeadTabs";
import { askedQuery } from "./requests";

/** What people ask about their tasks, for the leads who answer. */
export function QuestionsPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("asked.title"));
  const [waiting, setWaiting] = useState(true);
  const found = useInfiniteQuery(askedQuery(slug, waiting));
  const isManager = useHome(slug).data?.role === "manager";
  if (found.isLoadingError) {
    return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />;
  }
  const rows = found.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <PageFrame title={t("asked.title")} hint={t("asked.hint")}>
      <LeadTabs slug={slug} />
      <SegmentedControl
        aria-label={t("asked.show")}
        value={waiting ? "waiting" : "all"}
        onChange={(value) => setWaiting(value === "waiting")}
        data={[
          { value: "waiting", label: t("asked.waiting") },
          { value: "all", label: t("asked.all") },
        ]}
      />
      {found.isPending ? (
        <PageLoading />
      ) : rows.length === 0 ? (
        <StatePanel title={t("asked.emptyTitle")} hint={t("asked.emptyHint")} />
      ) : (
        <ul className={classes.list}>
          {rows.map((question) => (
            <AskedQuestion
              key={question.id}
              slug={slug}
              question={question}
              looksAtConversations={isManager}
            />
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </PageFrame>
  );
}
