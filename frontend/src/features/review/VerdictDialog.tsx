import { Alert, Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import type { SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";

import type { ReviewDraft } from "./draft";

type Verdict = "returned" | "rejected";

interface Props {
  verdict: Verdict | null;
  draft: ReviewDraft;
  nTurnComments: number;
  busy: boolean;
  error: Error | null;
  onComment: (comment: string) => void;
  onConfirm: (verdict: Verdict) => void;
  onClose: () => void;
}

/** Returning and rejecting need a word of why. */
export function VerdictDialog(props: Props) {
  const { verdict, draft, nTurnComments, busy, error } = props;
  const { t } = useTranslation();
  const errorText = useErrorText();
  const shown = verdict ?? "returned";
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    props.onConfirm(shown);
  };
  return (
    <Modal
      opened={verdict !== null}
      onClose={props.onClose}
      title={t(`review.dialog.${shown}.title`)}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t(`review.dialog.${shown}.hint`)}{" "}
            {nTurnComments > 0 && t("review.dialog.turnComments", { count: nTurnComments })}
          </Text>
          <Textarea
            label={t("review.dialog.why")}
            required
            autosize
            minRows={3}
            dir="auto"
            data-autofocus
            value={draft.comment}
            onChange={(event) => props.onComment(event.currentTarget.value)}
          />
          {error !== null && (
            <Alert color="red" role="alert">
              {errorText(error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={props.onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={busy} disabled={draft.comment.trim() === ""}>
              {t(`review.dialog.${shown}.confirm`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
