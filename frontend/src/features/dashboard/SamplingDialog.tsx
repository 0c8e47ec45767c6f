import { Alert, Button, Group, Modal, NativeSelect, NumberInput, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { makingQuery, useStartPickRun } from "./comparisonRequests";

interface Props {
  slug: string;
  opened: boolean;
  onClose: () => void;
}

const MOST = 1_000;
const USUAL = 20;

const SOURCES = ["chats", "imported", "prompts"] as const;
const RULES = ["conversation-uniform", "message-uniform", "category-quota"] as const;

/** Draws messages or prompts at random and has candidates sampled for each. */
export function SamplingDialog({ slug, opened, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const start = useStartPickRun(slug);
  const format = useFormat();
  const making = useQuery({ ...makingQuery(slug), enabled: opened });
  const [wanted, setWanted] = useState<number | string>(USUAL);
  const [source, setSource] = useState<(typeof SOURCES)[number]>("chats");
  const [rule, setRule] = useState<(typeof RULES)[number]>("conversation-uniform");
  const eligible = making.data?.eligible[source];
  const [seed, setSeed] = useState<number | string>("");
  const valid = typeof wanted === "number" && wanted >= 1 && wanted <= MOST;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!valid) return;
    start.mutate(
      { n_wanted: wanted, source, rule, seed: typeof seed === "number" ? seed : null },
      {
        onSuccess: (run) => {
          toast(t("progress.picked", { count: run.n_picked }));
          onClose();
        },
      },
    );
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t("progress.sample")}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("progress.sampleHint")}
          </Text>
          <NativeSelect
            label={t("comparisons.run.source")}
            value={source}
            onChange={(event) => setSource(event.currentTarget.value as typeof source)}
            data={SOURCES.map((value) => ({ value, label: t(`comparisons.run.sources.${value}`) }))}
          />
          <NumberInput
            label={t("progress.howMany")}
            description={
              eligible === undefined
                ? undefined
                : t("comparisons.run.eligible", { shown: format.bounded(eligible, MOST) })
            }
            min={1}
            max={MOST}
            allowDecimal={false}
            required
            data-autofocus
            value={wanted}
            onChange={setWanted}
          />
          <NativeSelect
            label={t("comparisons.run.rule")}
            value={rule}
            onChange={(event) => setRule(event.currentTarget.value as typeof rule)}
            data={RULES.map((value) => ({ value, label: t(`comparisons.run.rules.${value}`) }))}
          />
          <NumberInput
            label={t("progress.seed")}
            description={t("progress.seedHint")}
            min={0}
            allowDecimal={false}
            value={seed}
            onChange={setSeed}
          />
          {start.isError && (
            <Alert color="red" role="alert">
              {errorText(start.error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" disabled={!valid} loading={start.isPending}>
              {t("progress.sampleConfirm")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
