import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { useHome } from "@/hooks/useHome";
import { usePageTitle } from "@/hooks/usePageTitle";

import classes from "./Asked.module.css";
import { LeadTabs } from "./LeadTabs";
import { withdrawnQuery } from "./withdrawnRequests";
import { WithdrawnTask } from "./WithdrawnTask";

/** Tasks that two people found unclear or broken, for the leads who put them back or drop them. */
export function WithdrawnPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("withdrawn.title"));
  const found = useInfiniteQuery(withdrawnQuery(slug));
  const isManager = useHome(slug).data?.role === "manager";
  if (found.isLoadingError) {
    return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />;
  }
  const rows = found.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <PageFrame title={t("withdrawn.title")} hint={t("withdrawn.hint")}>
      <LeadTabs slug={slug} />
      {found.isPending ? (
        <PageLoading />
      ) : rows.length === 0 ? (
        <StatePanel title={t("withdrawn.emptyTitle")} hint={t("withdrawn.emptyHint")} order={2} />
      ) : (
        <ul className={classes.list}>
          {rows.map((task) => (
            <WithdrawnTask key={task.id} slug={slug} task={task} looksAtWork={isManager} />
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
