import {
  Alert,
  Autocomplete,
  Button,
  Checkbox,
  FileButton,
  Group,
  Modal,
  SegmentedControl,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { NewPrompt } from "@/api/types";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";
import { useKeptText } from "@/hooks/useKeptText";

import { promptsFromLines } from "./promptLines";
import { useAddPrompts } from "./requests";

const KINDS = ["prompt", "brief", "free"] as const satisfies readonly NewPrompt["kind"][];
/** What the server takes of one prompt. */
const MOST_CHARACTERS = 50_000;
/** A bigger file is imported: it does not go through the page. */
const MOST_MEGABYTES = 5;

const isTooLong = ({ text }: NewPrompt): boolean => text.length > MOST_CHARACTERS;

interface Props {
  slug: string;
  categories: readonly string[];
  opened: boolean;
  onClose: () => void;
}

export function AddPrompts({ opened, onClose, ...form }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("prompts.add")} size="lg">
      {opened && <AddForm {...form} onClose={onClose} />}
    </Modal>
  );
}

/** Writes one prompt, or takes many from pasted lines or a file. */
function AddForm({ slug, categories, onClose }: Omit<Props, "opened">) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const format = useFormat();
  const adding = useAddPrompts(slug);
  const [kind, setKind] = useState<NewPrompt["kind"]>("prompt");
  const [text, setText, forgetText] = useKeptText(`prompts.${slug}`);
  const [byLine, setByLine] = useState(false);
  const [fileTooBig, setFileTooBig] = useState(false);
  const [category, setCategory] = useState("");
  const [language, setLanguage] = useState("en");
  const [licence, setLicence] = useState("");
  const [sensitivity, setSensitivity] = useState<string[]>([]);
  const defaults = { kind, category: category.trim(), language, sensitivity };
  const read = byLine
    ? promptsFromLines(text, defaults)
    : { prompts: text.trim() === "" ? [] : [{ ...defaults, text }], bad: [] };

  const nTooLong = read.prompts.filter(isTooLong).length;

  const takeFile = async (file: File | null) => {
    if (file === null) return;
    setFileTooBig(file.size > MOST_MEGABYTES * 1_000_000);
    if (file.size > MOST_MEGABYTES * 1_000_000) return;
    setText(await file.text());
    setByLine(true);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        adding.mutate(
          { prompts: read.prompts, licence },
          {
            onSuccess: ({ n_added, n_known, n_alike }) => {
              forgetText();
              toast(t("prompts.added", { count: n_added, known: n_known, alike: n_alike }));
              onClose();
            },
          },
        );
      }}
    >
      <Stack>
        <SegmentedControl
          aria-label={t("prompts.kind")}
          value={kind}
          onChange={(value) => setKind(KINDS.find((one) => one === value) ?? "prompt")}
          data={KINDS.map((value) => ({ value, label: t(`prompts.kinds.${value}`) }))}
        />
        <Text size="sm" c="dimmed">
          {t(`prompts.kindHints.${kind}`)}
        </Text>
        <Textarea
          label={t("prompts.text")}
          autosize
          minRows={4}
          maxRows={14}
          dir="auto"
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="space-between">
          <Checkbox
            label={t("prompts.byLine")}
            checked={byLine}
            onChange={(event) => setByLine(event.currentTarget.checked)}
          />
          <FileButton
            accept=".jsonl,.txt,application/jsonl,text/plain"
            onChange={(file) => void takeFile(file)}
          >
            {(button) => (
              <Button variant="default" size="compact-md" {...button}>
                {t("prompts.fromFile")}
              </Button>
            )}
          </FileButton>
        </Group>
        {fileTooBig && (
          <Alert color="orange" role="alert">
            {t("prompts.fileTooBig", { n: MOST_MEGABYTES })}
          </Alert>
        )}
        {nTooLong > 0 && (
          <Alert color="orange" role="alert">
            {t("prompts.tooLong", { count: nTooLong, n: format.number(MOST_CHARACTERS) })}
          </Alert>
        )}
        {read.bad.length > 0 && (
          <Alert color="orange" role="alert">
            {t("prompts.badLines", {
              count: read.bad.length,
              lines: read.bad.slice(0, 10).join(", "),
            })}
          </Alert>
        )}
        <Group grow align="flex-start">
          <Autocomplete
            label={t("prompts.category")}
            data={categories.filter((name) => name !== "")}
            value={category}
            onChange={setCategory}
          />
          <TextInput
            label={t("prompts.language")}
            description={t("prompts.languageHint")}
            value={language}
            onChange={(event) => setLanguage(event.currentTarget.value)}
          />
        </Group>
        <Group grow align="flex-start">
          <TagsInput
            label={t("prompts.sensitivity")}
            description={t("prompts.sensitivityHint")}
            value={sensitivity}
            onChange={setSensitivity}
          />
          <TextInput
            label={t("prompts.licence")}
            description={t("prompts.licenceHint")}
            value={licence}
            onChange={(event) => setLicence(event.currentTarget.value)}
          />
        </Group>
        {adding.isError && (
          <Alert color="red" role="alert">
            {errorText(adding.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="subtle" color="gray" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button
            type="submit"
            disabled={read.prompts.length === 0 || nTooLong > 0}
            loading={adding.isPending}
          >
            {t("prompts.addN", { count: read.prompts.length })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
