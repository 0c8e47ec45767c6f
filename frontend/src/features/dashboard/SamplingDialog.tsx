import { Alert, Button, Group, Modal, NumberInput, Stack, Text } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { useStartPickRun } from "./requests";

interface Props {
  slug: string;
  /** How many finished chats can be picked from. */
  eligible: number;
  opened: boolean;
  onClose: () => void;
}

const MOST = 1_000;
const USUAL = 20;

/** Picks model-written messages at random and has alternatives sampled for each. */
export function SamplingDialog({ slug, eligible, opened, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const start = useStartPickRun(slug);
  const [wanted, setWanted] = useState<number | string>(Math.max(1, Math.min(eligible, USUAL)));
  const [seed, setSeed] = useState<number | string>("");
  const valid = typeof wanted === "number" && wanted >= 1 && wanted <= MOST;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!valid) return;
    start.mutate(
      { n_wanted: wanted, seed: typeof seed === "number" ? seed : null },
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
          <NumberInput
            label={t("progress.howMany")}
            min={1}
            max={MOST}
            allowDecimal={false}
            required
            data-autofocus
            value={wanted}
            onChange={setWanted}
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
