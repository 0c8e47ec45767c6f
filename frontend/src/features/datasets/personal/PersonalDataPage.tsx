import { Button, SegmentedControl, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import classes from "../Datasets.module.css";
import { DatasetTabs } from "../DatasetTabs";
import { HeldRow } from "./HeldRow";
import { holdsQuery } from "./requests";

interface Props {
  slug: string;
}

/** Rows that datasets leave out for personal data until a person has decided of each. */
export function PersonalDataPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("personal.title"));
  const [decided, setDecided] = useState(false);
  const holds = useInfiniteQuery(holdsQuery(slug, decided));
  const rows = holds.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <div>
          <Title order={1} className={classes.title}>
            {t("datasets.title")}
          </Title>
          <DatasetTabs slug={slug} />
        </div>
        <SegmentedControl
          aria-label={t("personal.show")}
          value={decided ? "decided" : "waiting"}
          onChange={(value) => setDecided(value === "decided")}
          data={[
            { value: "waiting", label: t("personal.waiting") },
            { value: "decided", label: t("personal.decided") },
          ]}
        />
      </header>
      {holds.isPending ? (
        <PageLoading />
      ) : holds.isLoadingError ? (
        <ErrorPanel error={holds.error} onRetry={() => void holds.refetch()} />
      ) : rows.length === 0 ? (
        <StatePanel
          title={t(decided ? "personal.noneDecidedTitle" : "personal.emptyTitle")}
          hint={t(decided ? "personal.noneDecidedHint" : "personal.emptyHint")}
        />
      ) : (
        <ul className={classes.list} aria-label={t("personal.list")}>
          {rows.map((row) => (
            <HeldRow key={row.id} slug={slug} row={row} />
          ))}
        </ul>
      )}
      {holds.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={holds.isFetchingNextPage}
          onClick={() => void holds.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </div>
  );
}
