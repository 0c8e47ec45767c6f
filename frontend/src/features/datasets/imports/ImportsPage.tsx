import { Button, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ActionButton, useActions } from "@/components/actions";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { StatePanel } from "@/components/StatePanel";
import { usePageTitle } from "@/hooks/usePageTitle";

import classes from "../Datasets.module.css";
import { DatasetTabs } from "../DatasetTabs";
import { importsActions, newImportAction } from "./actions";
import { uploadsQuery } from "./requests";
import { UploadForm } from "./UploadForm";
import { UploadRow } from "./UploadRow";

interface Props {
  slug: string;
}

/** Files brought in: send one, watch it being read, see what was not taken and why. */
export function ImportsPage({ slug }: Props) {
  const { t } = useTranslation();
  usePageTitle(t("imports.title"));
  const uploads = useInfiniteQuery(uploadsQuery(slug));
  const [formOpen, setFormOpen] = useState(false);
  const context = { openForm: () => setFormOpen(true) };
  useActions(t("imports.title"), importsActions, context);

  if (uploads.isPending) return <PageLoading />;
  if (uploads.isLoadingError) {
    return <ErrorPanel error={uploads.error} onRetry={() => void uploads.refetch()} />;
  }
  const rows = uploads.data.pages.flatMap((page) => page.results);
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <div>
          <Title order={1} className={classes.title}>
            {t("datasets.title")}
          </Title>
          <DatasetTabs slug={slug} />
        </div>
        <ActionButton action={newImportAction} context={context} keyInside />
      </header>
      {rows.length === 0 ? (
        <StatePanel title={t("imports.emptyTitle")} hint={t("imports.emptyHint")} />
      ) : (
        <ul className={classes.list} aria-label={t("imports.list")}>
          {rows.map((row) => (
            // A row that has moved on in the list starts its own watch afresh.
            <UploadRow key={`${row.id}-${row.state}`} slug={slug} initial={row} />
          ))}
        </ul>
      )}
      {uploads.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={uploads.isFetchingNextPage}
          onClick={() => void uploads.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
      {formOpen && <UploadForm slug={slug} onClose={() => setFormOpen(false)} />}
    </div>
  );
}
