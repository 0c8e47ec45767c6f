import { List, Loader, Select, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { DatasetVersionDetail, VersionDiff } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Recipes.module.css";
import { diffQuery, versionsQuery } from "./requests";

interface Props {
  slug: string;
  version: DatasetVersionDetail;
}

const COUNTED = ["added", "changed", "gone", "same"] as const;
const SHOWN = ["added", "changed", "gone"] as const;

/** What was added, changed and gone since an earlier version. */
export function DiffSection({ slug, version }: Props) {
  const { t } = useTranslation();
  const versions = useInfiniteQuery(versionsQuery(slug, version.id));
  const { hasNextPage, isFetching, isError, fetchNextPage } = versions;
  // The first version of a recipe may be many pages back.
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  const [against, setAgainst] = useState<number | null>(null);
  if (isError) return <ErrorPanel error={versions.error} onRetry={() => void versions.refetch()} />;
  const earlier = (versions.data?.pages.flatMap((page) => page.results) ?? []).filter(
    ({ id, kind }) => id < version.id && kind === version.kind,
  );
  if (versions.isSuccess && !hasNextPage && earlier.length === 0) {
    return <Text c="dimmed">{t("recipes.nothingToCompare")}</Text>;
  }
  return (
    <>
      <Select
        maw={320}
        aria-label={t("recipes.compare")}
        description={t("recipes.compareHint")}
        placeholder={t("recipes.choose")}
        data={earlier.map(({ id, recipe, number }) => ({
          value: String(id),
          label: t("recipes.version", { recipe, number }),
        }))}
        value={against === null ? null : String(against)}
        onChange={(value) => setAgainst(value === null ? null : Number(value))}
      />
      {against !== null && <Changes id={version.id} against={against} />}
    </>
  );
}

function Changes({ id, against }: { id: number; against: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const diff = useQuery(diffQuery(id, against));
  if (diff.isPending) return <Loader mt="sm" size="sm" />;
  if (diff.data === undefined) {
    return <ErrorPanel error={diff.error} onRetry={() => void diff.refetch()} />;
  }
  const found: VersionDiff = diff.data;
  return (
    <>
      <dl className={classes.changes}>
        {COUNTED.map((kind) => (
          <div key={kind}>
            <dt>{t(`recipes.changes.${kind}`)}</dt>
            <dd>{format.number(found[kind])}</dd>
          </div>
        ))}
      </dl>
      {found.recipe_changes.length > 0 && (
        <>
          <Text size="sm" fw={600}>
            {t("recipes.recipeChanges")}
          </Text>
          <List size="sm" mb="sm">
            {found.recipe_changes.map((change) => (
              <List.Item key={change}>{change}</List.Item>
            ))}
          </List>
        </>
      )}
      {SHOWN.map((kind) => {
        const examples = found.examples[kind] ?? [];
        return examples.length === 0 ? null : (
          <section key={kind}>
            <Text size="sm" fw={600} mt="sm">
              {t("recipes.examples", {
                kind: t(`recipes.changes.${kind}`),
                count: examples.length,
              })}
            </Text>
            {examples.map((example) => (
              <div key={example.id} className={classes.example} dir="auto">
                {example.before !== "" && (
                  <div>
                    {kind === "changed" && <Text span c="dimmed">{`${t("recipes.before")} `}</Text>}
                    {example.before}
                  </div>
                )}
                {example.after !== "" && (
                  <div>
                    {kind === "changed" && <Text span c="dimmed">{`${t("recipes.after")} `}</Text>}
                    {example.after}
                  </div>
                )}
              </div>
            ))}
          </section>
        );
      })}
    </>
  );
}
