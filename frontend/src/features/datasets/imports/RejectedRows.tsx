import { Button, Loader, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { ErrorPanel } from "@/components/ErrorPanel";
import { useFormat } from "@/hooks/useFormat";

import classes from "../Datasets.module.css";
import { useReason } from "../Reasons";
import { rejectsQuery } from "./requests";

interface Props {
  uploadId: number;
}

/** The lines of a file that were not taken, each with its reason. */
export function RejectedRows({ uploadId }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const reasonOf = useReason();
  const rejects = useInfiniteQuery(rejectsQuery(uploadId));
  if (rejects.isPending) return <Loader size="sm" mt="xs" />;
  if (rejects.isLoadingError) {
    return <ErrorPanel error={rejects.error} onRetry={() => void rejects.refetch()} />;
  }
  return (
    <>
      <ul className={classes.rejects} aria-label={t("imports.rejects")}>
        {rejects.data.pages
          .flatMap((page) => page.results)
          .map((row, place) => (
            <li key={place}>
              <Text size="sm" component="span" fw={600}>
                {t("imports.line", { row: format.number(row.row) })}
              </Text>{" "}
              <Text size="sm" component="span" c="dimmed">
                {reasonOf("lines", row.code)}
              </Text>
              <Text size="sm">{row.detail}</Text>
            </li>
          ))}
      </ul>
      {rejects.hasNextPage && (
        <Button
          size="compact-sm"
          variant="default"
          loading={rejects.isFetchingNextPage}
          onClick={() => void rejects.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
      <Text size="sm" c="dimmed" mt="xs">
        {t("imports.mend")}
      </Text>
    </>
  );
}
