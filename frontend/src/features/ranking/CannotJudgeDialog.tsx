import { Button, Group, Modal, Text, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  opened: boolean;
  comment: string;
  busy: boolean;
  onComment: (comment: string) => void;
  onConfirm: () => void;
  onClose: () => void;
}

/** Ends the task without an order, where no honest one is possible. */
export function CannotJudgeDialog(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={t("ranking.cannotJudge")}>
      <Text size="sm" c="dimmed">
        {t("ranking.cannotJudgeHint")}
      </Text>
      <Textarea
        mt="md"
        label={t("ranking.commentLabel")}
        autosize
        minRows={2}
        dir="auto"
        value={props.comment}
        onChange={(event) => props.onComment(event.currentTarget.value)}
      />
      <Group justify="space-between" mt="lg">
        <Button variant="subtle" color="gray" onClick={props.onClose}>
          {t("common.cancel")}
        </Button>
        <Button loading={props.busy} onClick={props.onConfirm}>
          {t("ranking.cannotJudgeConfirm")}
        </Button>
      </Group>
    </Modal>
  );
}
