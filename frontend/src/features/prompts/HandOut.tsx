import { Alert, Button, Group, Modal, NativeSelect, NumberInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { useHandOut } from "./requests";

const KINDS = ["demonstration", "chat"] as const;
const USUAL = 50;
const MOST = 10_000;

interface Props {
  slug: string;
  opened: boolean;
  onClose: () => void;
}

/** Makes tasks from prompts, and says which prompts were left out and why. */
export function HandOut({ slug, opened, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const handing = useHandOut(slug);
  const [kind, setKind] = useState<(typeof KINDS)[number]>("demonstration");
  const [n, setN] = useState<number | string>(USUAL);
  const valid = typeof n === "number" && n >= 1 && n <= MOST;
  const leftOut = handing.data?.left_out;
  return (
    <Modal opened={opened} onClose={onClose} title={t("prompts.handOut")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!valid) return;
          handing.mutate(
            { kind, n },
            { onSuccess: (made) => toast(t("prompts.handedOut", { count: made.n_made })) },
          );
        }}
      >
        <Stack>
          <Text size="sm" c="dimmed">
            {t("prompts.handOutHint")}
          </Text>
          <NativeSelect
            label={t("prompts.kindOfWork")}
            value={kind}
            onChange={({ currentTarget: { value } }) =>
              setKind(KINDS.find((one) => one === value) ?? "demonstration")
            }
            data={KINDS.map((value) => ({ value, label: t(`kinds.${value}`) }))}
          />
          <NumberInput
            label={t("prompts.howMany")}
            min={1}
            max={MOST}
            allowDecimal={false}
            data-autofocus
            value={n}
            onChange={setN}
          />
          {handing.isError && (
            <Alert color="red" role="alert">
              {errorText(handing.error)}
            </Alert>
          )}
          {handing.data && leftOut && (
            <Alert variant="light" color="gray" role="status">
              {t("prompts.handedOut", { count: handing.data.n_made })}{" "}
              {leftOut.quota > 0 && t("prompts.leftOut.quota", { count: leftOut.quota })}{" "}
              {leftOut.author > 0 && t("prompts.leftOut.author", { count: leftOut.author })}{" "}
              {leftOut.alike > 0 && t("prompts.leftOut.alike", { count: leftOut.alike })}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.close")}
            </Button>
            <Button type="submit" disabled={!valid} loading={handing.isPending}>
              {t("prompts.handOutConfirm")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
