import { Button, Group, Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Export } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "./Datasets.module.css";
import { LeftOut } from "./LeftOut";
import { exportQuery, isUnderWay, useCancelExport } from "./requests";

interface Props {
  slug: string;
  initial: Export;
}

/** One export: what it holds, how far it is, and its file. */
export function ExportRow({ slug, initial }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const { data: row } = useQuery(exportQuery(initial));
  const cancel = useCancelExport(slug);
  const underWay = isUnderWay(row);
  return (
    <li className={classes.row}>
      <div className={classes.rowText}>
        <Group gap="xs">
          <span className={classes.kind}>{t(`datasets.kinds.${row.kind}`)}</span>
          <Text size="sm" c="dimmed" component="span">
            {row.format}
          </Text>
          <span className={classes.state} data-state={row.state}>
            {t(`datasets.states.${row.state}`)}
          </span>
        </Group>
        <Text size="sm" c="dimmed">
          {format.time(row.created_at)} ·{" "}
          {t("datasets.rows", { count: row.n_written, shown: format.number(row.n_written) })}
          {row.n_bytes !== null && ` · ${format.bytes(row.n_bytes)}`}
        </Text>
        <LeftOut counts={row.excluded} />
        {row.error !== null && (
          <Text size="sm" className={classes.failure} role="alert">
            {row.error.detail}
          </Text>
        )}
        {row.sha256 !== "" && (
          <Text size="xs" c="dimmed" className={classes.sum}>
            {t("datasets.sha256", { sum: row.sha256 })}
          </Text>
        )}
        {underWay && (
          <Progress
            mt="xs"
            size="sm"
            aria-label={t("datasets.progress")}
            value={row.n_rows ? (100 * row.n_written) / row.n_rows : 0}
            animated={row.n_rows === null}
          />
        )}
      </div>
      {row.state === "done" && (
        <Button
          variant="default"
          component="a"
          href={`/api/v1/exports/${row.id}/download/`}
          download
        >
          {t("datasets.download")}
        </Button>
      )}
      {underWay && (
        <Button
          variant="subtle"
          color="gray"
          loading={cancel.isPending}
          onClick={() =>
            cancel.mutate(row.id, { onError: (error) => toastFailure(errorText(error)) })
          }
        >
          {t("common.cancel")}
        </Button>
      )}
    </li>
  );
}
