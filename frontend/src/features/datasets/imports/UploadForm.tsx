import {
  Alert,
  Button,
  Checkbox,
  FileInput,
  Group,
  Modal,
  MultiSelect,
  Progress,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useRef, useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import type { UploadRequest } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { useSendFile } from "./requests";

interface Props {
  slug: string;
  onClose: () => void;
}

type Format = NonNullable<UploadRequest["format"]>;
type Use = NonNullable<UploadRequest["allowed_use"]>[number];

const USES: readonly Use[] = ["sft", "comparison", "rl-prompt", "eval"];

/** Names of formats, not language. */
const FORMATS: readonly Exclude<Format, "">[] = [
  "messages",
  "openai",
  "prompt-completion",
  "prompt-only",
  "alpaca",
  "sharegpt",
  "hh",
  "oasst",
  "candidates",
  "ranking",
];

/** Asks for a file and sends it, part by part; it closes once all of it has come. */
export function UploadForm({ slug, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const send = useSendFile(slug);
  const stopping = useRef(new AbortController());
  const [file, setFile] = useState<File | null>(null);
  const [chosen, setChosen] = useState<Format>("");
  const [licence, setLicence] = useState("");
  const [uses, setUses] = useState<readonly Use[]>([]);
  const [asDrafts, setAsDrafts] = useState(false);
  const [bytesSent, setBytesSent] = useState(0);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (file === null) return;
    setBytesSent(0);
    stopping.current = new AbortController();
    send.mutate(
      {
        file,
        body: { format: chosen, licence, allowed_use: [...uses], as_drafts: asDrafts },
        signal: stopping.current.signal,
        onSent: setBytesSent,
      },
      { onSuccess: onClose },
    );
  };
  const close = () => {
    stopping.current.abort();
    onClose();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t("imports.newImport")}
      closeOnClickOutside={!send.isPending}
    >
      <form onSubmit={submit}>
        <Stack>
          <FileInput
            label={t("imports.file")}
            placeholder={t("imports.choose")}
            value={file}
            onChange={setFile}
            disabled={send.isPending}
            data-autofocus
          />
          <Select
            label={t("imports.format")}
            data={[{ value: "", label: t("imports.told") }, ...FORMATS]}
            value={chosen}
            allowDeselect={false}
            onChange={(value) => setChosen(FORMATS.find((known) => known === value) ?? "")}
            disabled={send.isPending}
          />
          <TextInput
            label={t("imports.licence")}
            description={t("imports.licenceHint")}
            value={licence}
            maxLength={100}
            onChange={(event) => setLicence(event.currentTarget.value)}
            disabled={send.isPending}
          />
          <MultiSelect
            label={t("imports.allowedUse")}
            description={t("imports.allowedUseHint")}
            data={USES.map((use) => ({ value: use, label: t(`imports.uses.${use}`) }))}
            value={[...uses]}
            onChange={(values) => setUses(USES.filter((use) => values.includes(use)))}
            disabled={send.isPending}
          />
          <Checkbox
            checked={asDrafts}
            onChange={(event) => setAsDrafts(event.currentTarget.checked)}
            label={t("imports.asDrafts")}
            description={t("imports.asDraftsHint")}
            disabled={send.isPending}
          />
          {send.isPending && file !== null && (
            <div role="status">
              <Text size="sm" c="dimmed" mb={4}>
                {t("imports.sending", {
                  sent: format.bytes(bytesSent),
                  all: format.bytes(file.size),
                })}
              </Text>
              <Progress
                value={(100 * bytesSent) / Math.max(1, file.size)}
                size="sm"
                aria-label={t("imports.sending", {
                  sent: format.bytes(bytesSent),
                  all: format.bytes(file.size),
                })}
              />
            </div>
          )}
          {send.isError && (
            <Alert color="red" role="alert">
              {errorText(send.error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={close}>
              {send.isPending ? t("imports.stop") : t("common.cancel")}
            </Button>
            <Button
              type="submit"
              disabled={file === null || file.size === 0}
              loading={send.isPending}
            >
              {t("imports.send")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
