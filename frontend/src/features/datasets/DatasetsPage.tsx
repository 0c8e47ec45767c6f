import { Button, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import { datasetsActions, newExportAction } from "./actions";
import classes from "./Datasets.module.css";
import { DatasetTabs } from "./DatasetTabs";
import { ExportForm } from "./ExportForm";
import { ExportRow } from "./ExportRow";
import { exportsQuery } from "./requests";

interface Props {
  slug: string;
}

/** Files made from the labels: ask for one, watch it being written, fetch it. */
export function DatasetsPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("datasets.title"));
  const exports = useInfiniteQuery(exportsQuery(slug));
  const [formOpen, setFormOpen] = useState(false);
  const context = { openForm: () => setFormOpen(true) };
  useActions(t("datasets.title"), datasetsActions, context);

  if (exports.isPending) return <PageLoading />;
  if (exports.isLoadingError) {
    return <ErrorPanel error={exports.error} onRetry={() => void exports.refetch()} />;
  }
  const rows = exports.data.pages.flatMap((page) => page.results);
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <div>
          <Title order={1} className={classes.title}>
            {t("datasets.title")}
          </Title>
          <DatasetTabs slug={slug} />
        </div>
        <ActionButton action={newExportAction} context={context} keyInside />
      </header>
      {rows.length === 0 ? (
        <StatePanel order={2} title={t("datasets.emptyTitle")} hint={t("datasets.emptyHint")} />
      ) : (
        <ul className={classes.list} aria-label={t("datasets.exports")}>
          {rows.map((row) => (
            // A row that has moved on in the list starts its own watch afresh.
            <ExportRow key={`${row.id}-${row.state}`} slug={slug} initial={row} />
          ))}
        </ul>
      )}
      {exports.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={exports.isFetchingNextPage}
          onClick={() => void exports.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
      <ExportForm slug={slug} opened={formOpen} onClose={() => setFormOpen(false)} />
    </div>
  );
}
