import { Alert, Button, Checkbox, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "@/api/errors";
import type { ExportKind, ExportRequest } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";

import { ExportOptions } from "./ExportOptions";
import { ExportPreview } from "./ExportPreview";
import { formatsQuery, useStartExport } from "./requests";
import { SPLIT_EXAMPLE } from "./words";

interface Props {
  slug: string;
  opened: boolean;
  onClose: () => void;
}

const KINDS: readonly ExportKind[] = ["sft", "comparisons", "prompts", "rewrites"];

/** Asks for a file: what goes in, and in which format. */
export function ExportForm({ slug, opened, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const formats = useQuery({ ...formatsQuery(slug), enabled: opened });
  const start = useStartExport(slug);
  const [kind, setKind] = useState<ExportKind>("sft");
  const [format, setFormat] = useState<string | null>(null);
  const [split, setSplit] = useState("");
  const [withMetadata, setWithMetadata] = useState(false);
  const [options, setOptions] = useState<Partial<ExportRequest>>({});
  const [optionsOpen, setOptionsOpen] = useState(false);
  const choices = formats.data?.[kind] ?? [];
  const chosen = format !== null && choices.includes(format) ? format : (choices[0] ?? null);
  const faults = start.error instanceof ApiError ? start.error.fields : {};

  const asked: ExportRequest | null =
    chosen === null
      ? null
      : { ...options, kind, format: chosen, split, with_metadata: withMetadata };

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (asked !== null) start.mutate(asked, { onSuccess: onClose });
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t("datasets.newExport")} size="lg">
      <form onSubmit={submit}>
        <Stack>
          <Select
            label={t("datasets.kind")}
            data={KINDS.map((value) => ({ value, label: t(`datasets.kinds.${value}`) }))}
            value={kind}
            allowDeselect={false}
            onChange={(value) => {
              setKind(KINDS.find((known) => known === value) ?? "sft");
              setOptions({});
            }}
            data-autofocus
          />
          <Select
            label={t("datasets.format")}
            data={choices}
            value={chosen}
            allowDeselect={false}
            onChange={(value) => {
              setFormat(value);
              setOptions({});
            }}
            disabled={choices.length === 0}
            error={faults.format?.[0]}
          />
          <TextInput
            label={t("datasets.split")}
            description={t("datasets.splitHint")}
            placeholder={SPLIT_EXAMPLE}
            value={split}
            onChange={(event) => setSplit(event.currentTarget.value)}
            error={faults.split?.[0]}
          />
          <Checkbox
            checked={withMetadata}
            onChange={(event) => setWithMetadata(event.currentTarget.checked)}
            label={t("datasets.withMetadata")}
            description={t("datasets.withMetadataHint")}
          />
          {asked !== null && (
            <>
              <Button
                variant="subtle"
                size="compact-sm"
                aria-expanded={optionsOpen}
                onClick={() => setOptionsOpen(!optionsOpen)}
              >
                {t(optionsOpen ? "datasets.fewer" : "datasets.more")}
              </Button>
              {optionsOpen && (
                <ExportOptions
                  slug={slug}
                  asked={asked}
                  faults={faults}
                  onChange={(fields) => setOptions({ ...options, ...fields })}
                />
              )}
              {opened && <ExportPreview slug={slug} asked={asked} />}
            </>
          )}
          {(start.isError || formats.isError) && (
            <Alert color="red" role="alert">
              {errorText(start.error ?? formats.error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" disabled={chosen === null} loading={start.isPending}>
              {t("datasets.start")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
