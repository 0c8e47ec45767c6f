import { Alert, Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";

import { useWithdraw } from "./requests";

interface Props {
  slug: string;
  id: number;
  onClose: () => void;
}

/** Withdrawing is for good, and needs a word of why. */
export function WithdrawDialog({ slug, id, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const withdraw = useWithdraw(slug, id);
  const [because, setBecause] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    withdraw.mutate(because, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={t("recipes.withdrawTitle")}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("recipes.withdrawHint")}
          </Text>
          <Textarea
            label={t("recipes.because")}
            required
            autosize
            minRows={2}
            data-autofocus
            value={because}
            onChange={(event) => setBecause(event.currentTarget.value)}
          />
          {withdraw.isError && (
            <Alert color="red" role="alert">
              {errorText(withdraw.error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" color="red" loading={withdraw.isPending}>
              {t("recipes.withdraw")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
