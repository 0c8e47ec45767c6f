import { Alert, Button, Group, Modal, Radio, Stack, Textarea } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import type { SkipReason } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { useKeptText } from "@/hooks/useKeptText";
import { useSkip } from "@/hooks/useWork";

const REASONS: readonly SkipReason[] = [
  "unclear",
  "outside_skill",
  "wrong_language",
  "prefer_not",
  "broken",
];

interface Props {
  assignment: number;
  opened: boolean;
  onClose: () => void;
  onSkipped: () => void;
}

/** Gives the task back, with the reason that teaches the queue. */
export function SkipDialog({ assignment, opened, onClose, onSkipped }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const skip = useSkip(assignment);
  const [reason, setReason] = useState<SkipReason | null>(null);
  const [comment, setComment, forgetComment] = useKeptText(`skip.${assignment}`);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (reason === null) return;
    skip.mutate(
      { reason, comment },
      {
        onSuccess: () => {
          forgetComment();
          onSkipped();
        },
      },
    );
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t("work.skipTitle")}>
      <form onSubmit={submit}>
        <Stack>
          <Radio.Group
            label={t("work.skipWhy")}
            value={reason}
            onChange={(value) => setReason(REASONS.find((known) => known === value) ?? null)}
          >
            <Stack gap="xs" mt="xs">
              {REASONS.map((value) => (
                <Radio key={value} value={value} label={t(`work.skipReasons.${value}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <Textarea
            label={t("work.skipComment")}
            autosize
            minRows={2}
            dir="auto"
            value={comment}
            onChange={(event) => setComment(event.currentTarget.value)}
          />
          {skip.isError && (
            <Alert color="red" role="alert">
              {errorText(skip.error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" disabled={reason === null} loading={skip.isPending}>
              {t("work.skipConfirm")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
