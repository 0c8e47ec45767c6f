import { Anchor, Button, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { ErrorPanel } from "@/components/ErrorPanel";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Recipes.module.css";
import { versionsQuery } from "./requests";

interface Props {
  slug: string;
  /** The newest version that a recipe tells of: when there is a newer one, the list is asked for. */
  newest: number;
}

/** What was frozen, newest first. */
export function VersionList({ slug, newest }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const versions = useInfiniteQuery(versionsQuery(slug, newest));
  if (versions.isLoadingError) {
    return <ErrorPanel error={versions.error} onRetry={() => void versions.refetch()} />;
  }
  const rows = versions.data?.pages.flatMap((page) => page.results) ?? [];
  if (rows.length === 0) return <Text c="dimmed">{t("recipes.noVersions")}</Text>;
  return (
    <>
      <ul className={classes.list}>
        {rows.map((row) => (
          <li
            key={row.id}
            className={classes.version}
            data-withdrawn={row.withdrawn_at !== null || undefined}
          >
            <Anchor component={Link} to={`/projects/${slug}/datasets/versions/${row.id}`}>
              {t("recipes.version", { recipe: row.recipe, number: row.number })}
            </Anchor>
            <Text size="sm" c="dimmed">
              {t("recipes.rowCount", { count: row.rows, shown: format.number(row.rows) })}
              {row.tokens !== null &&
                ` · ${t("recipes.tokenCount", { count: row.tokens, shown: format.number(row.tokens) })}`}
              {` · ${row.format} · ${format.bytes(row.n_bytes)} · ${format.time(row.created_at)}`}
              {row.withdrawn_at !== null && ` · ${t("recipes.withdrawn")}`}
            </Text>
          </li>
        ))}
      </ul>
      {versions.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={versions.isFetchingNextPage}
          onClick={() => void versions.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      )}
    </>
  );
}
