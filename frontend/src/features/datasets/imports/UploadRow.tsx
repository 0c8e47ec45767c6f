import { Button, Group, Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Upload } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import classes from "../Datasets.module.css";
import { Reasons } from "../Reasons";
import { RejectedRows } from "./RejectedRows";
import { isUnderWay, uploadQuery, useCancelUpload } from "./requests";
import { SendRest } from "./SendRest";

interface Props {
  slug: string;
  initial: Upload;
}

/** One file: how far it has been read, and what became of its rows. */
export function UploadRow({ slug, initial }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const { data: row } = useQuery(uploadQuery(initial));
  const cancel = useCancelUpload(slug);
  const [rejectsOpen, setRejectsOpen] = useState(false);
  const { counts } = row;
  const total = (kinds: Record<string, number>) =>
    Object.values(kinds).reduce((sum, count) => sum + count, 0);
  const counted = (key: "added" | "duplicates" | "rejected", count: number) =>
    t(`imports.${key}`, { count, shown: format.number(count) });
  const nRejected = counts === null ? 0 : total(counts.rejects);
  const nLeftOut = counts === null ? 0 : total(counts.left_out);
  const canStop = isUnderWay(row) || row.state === "receiving";
  return (
    <li className={classes.row}>
      <div className={classes.rowText}>
        <Group gap="xs">
          <span className={classes.kind}>{row.file_name}</span>
          {counts !== null && (
            <Text size="sm" c="dimmed" component="span">
              {counts.format}
            </Text>
          )}
          <span className={classes.state} data-state={row.state}>
            {t(`imports.states.${row.state}`)}
          </span>
        </Group>
        <Text size="sm" c="dimmed">
          {format.time(row.created_at)} · {format.bytes(row.n_bytes)}
          {row.licence !== "" && ` · ${row.licence}`}
          {row.allowed_use.length > 0 &&
            ` · ${row.allowed_use.map((use) => t(`imports.uses.${use}`)).join(", ")}`}
        </Text>
        {counts !== null && (
          <Text size="sm">
            {[
              counted("added", counts.n_added),
              counts.n_duplicates > 0 && counted("duplicates", counts.n_duplicates),
              nRejected > 0 && counted("rejected", nRejected),
            ]
              .filter(Boolean)
              .join(" · ")}
          </Text>
        )}
        {counts !== null && (
          <Reasons label={t("imports.whyRejected")} of="lines" counts={counts.rejects} />
        )}
        {counts !== null && nLeftOut > 0 && (
          <>
            <Text size="sm">{t("imports.leftOut")}</Text>
            <Reasons label={t("imports.leftOut")} of="parts" counts={counts.left_out} />
          </>
        )}
        {row.error !== null && (
          <Text size="sm" className={classes.failure} role="alert">
            {row.error.detail}
          </Text>
        )}
        {row.state === "receiving" && <SendRest slug={slug} upload={row} />}
        {isUnderWay(row) && (
          <Progress
            mt="xs"
            size="sm"
            aria-label={t("imports.progress")}
            value={(100 * row.n_bytes_read) / row.n_bytes}
            animated={row.state === "queued"}
          />
        )}
        {nRejected > 0 && (
          <Group gap="xs" mt="xs">
            <Button
              size="compact-sm"
              variant="default"
              aria-expanded={rejectsOpen}
              onClick={() => setRejectsOpen(!rejectsOpen)}
            >
              {t(rejectsOpen ? "imports.hideRejects" : "imports.showRejects")}
            </Button>
            {row.has_rejects_file && (
              <Button
                size="compact-sm"
                variant="default"
                component="a"
                href={`/api/v1/uploads/${row.id}/rejects-file/`}
                download
              >
                {t("imports.download")}
              </Button>
            )}
          </Group>
        )}
        {rejectsOpen && <RejectedRows uploadId={row.id} />}
      </div>
      {canStop && (
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
