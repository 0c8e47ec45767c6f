import { Alert, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import type { DatasetVersionDetail } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Markdown } from "@/components/markdown/Markdown";
import { PageFrame, PageSection } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { useFormat } from "@/hooks/useFormat";
import { usePageTitle } from "@/hooks/usePageTitle";

import { DiffSection } from "./DiffSection";
import classes from "./Recipes.module.css";
import { versionQuery } from "./requests";
import { WithdrawDialog } from "./WithdrawDialog";

interface Props {
  slug: string;
}

/** One frozen version: its card, its files, and what changed since another. */
export function VersionPage({ slug }: Props) {
  const { t } = useTranslation();
  const id = Number(useParams().version);
  const version = useQuery(versionQuery(id));
  usePageTitle(t("recipes.versions"));
  if (version.isPending) return <PageLoading />;
  if (version.data === undefined) {
    return (
      <ErrorPanel error={version.error} onRetry={() => void version.refetch()}>
        <Button variant="default" component={Link} to={`/projects/${slug}/datasets/recipes`}>
          {t("recipes.title")}
        </Button>
      </ErrorPanel>
    );
  }
  return <VersionView key={id} slug={slug} version={version.data} />;
}

function VersionView({ slug, version }: Props & { version: DatasetVersionDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [withdrawing, setWithdrawing] = useState(false);
  const { id, withdrawn_at: withdrawnAt } = version;
  const title = t("recipes.version", { recipe: version.recipe, number: version.number });
  const hint = [
    t("recipes.rowCount", { count: version.rows, shown: format.number(version.rows) }),
    version.format,
    format.bytes(version.n_bytes),
    format.time(version.created_at),
  ].join(" · ");
  return (
    <PageFrame
      wide
      title={title}
      hint={hint}
      tools={
        <Group gap="xs">
          <Button
            variant="default"
            component="a"
            href={`/api/v1/versions/${id}/manifest/`}
            download
          >
            {t("recipes.manifest")}
          </Button>
          {withdrawnAt === null && (
            <>
              <Button variant="default" color="red" onClick={() => setWithdrawing(true)}>
                {t("recipes.withdraw")}
              </Button>
              <Button component="a" href={`/api/v1/versions/${id}/download/`} download>
                {t("recipes.archive")}
              </Button>
            </>
          )}
        </Group>
      }
    >
      {withdrawnAt !== null && (
        <Alert color="orange" mb="md" role="status">
          {t("recipes.withdrawnBecause", {
            time: format.time(withdrawnAt),
            because: version.withdrawn_because,
          })}
        </Alert>
      )}
      <Text size="xs" c="dimmed" className={classes.sum}>
        {t("recipes.checksum")} {version.sha256}
      </Text>
      <PageSection title={t("recipes.compare")}>
        <DiffSection slug={slug} version={version} />
      </PageSection>
      <PageSection title={t("recipes.plots")}>
        <div className={classes.plots}>
          {Object.entries(version.plots).map(([name, svg]) => (
            <img
              key={name}
              src={`data:image/svg+xml,${encodeURIComponent(svg)}`}
              alt={name.replace(".svg", "").replaceAll("_", " ")}
            />
          ))}
        </div>
      </PageSection>
      <PageSection title={t("recipes.card")}>
        <Markdown text={bodyOf(version.card)} />
      </PageSection>
      {withdrawing && <WithdrawDialog slug={slug} id={id} onClose={() => setWithdrawing(false)} />}
    </PageFrame>
  );
}

/** The card without its title and pictures, which the page shows itself; its headings move up. */
const bodyOf = (card: string) =>
  card
    .split("\n")
    .filter((line) => !line.startsWith("![") && !line.startsWith("# "))
    .map((line) => line.replace(/^#(#+ )/, "$1"))
    .join("\n");
