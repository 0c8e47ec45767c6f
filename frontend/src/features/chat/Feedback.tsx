import { Button, Group, Popover, Stack, Textarea, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Message } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { assignmentQuery } from "@/hooks/useWork";

import { useSendFeedback } from "./requests";

interface Props {
  assignment: number;
  message: Message;
  /** Further buttons in the same row. */
  tools: ReactNode;
}

/** A thumb on a reply, and for a thumb down the reason. */
export function Feedback({ assignment, message, tools }: Props) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const errorText = useErrorText();
  const feedback = useSendFeedback();
  const [asking, setAsking] = useState(false);
  const [comment, setComment] = useState("");

  const send = (thumb: "up" | "down") => {
    feedback.mutate(
      { message: message.id, thumb, comment: thumb === "down" ? comment : "" },
      {
        onSuccess: () => {
          setAsking(false);
          void cache.invalidateQueries(assignmentQuery(assignment));
        },
        onError: (error) => toastFailure(errorText(error)),
      },
    );
  };
  const thumb = (value: "up" | "down", onClick: () => void) => (
    <Tooltip label={t(`chat.thumbs.${value}`)}>
      <Button
        variant={message.thumb === value ? "light" : "subtle"}
        color={message.thumb === value ? "accent" : "gray"}
        size="compact-sm"
        aria-label={t(`chat.thumbs.${value}`)}
        aria-pressed={message.thumb === value}
        onClick={onClick}
      >
        {value === "up" ? <ThumbsUp size={15} /> : <ThumbsDown size={15} />}
      </Button>
    </Tooltip>
  );
  return (
    <Group gap={4} mt="xs">
      {thumb("up", () => send("up"))}
      <Popover opened={asking} onChange={setAsking} trapFocus withArrow={false} shadow="md">
        <Popover.Target>{thumb("down", () => setAsking((open) => !open))}</Popover.Target>
        <Popover.Dropdown>
          <Stack gap="sm" w={280}>
            <Textarea
              label={t("chat.whatWasWrong")}
              autosize
              minRows={2}
              value={comment}
              onChange={(event) => setComment(event.currentTarget.value)}
            />
            <Button loading={feedback.isPending} onClick={() => send("down")}>
              {t("chat.sendFeedback")}
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      {tools}
    </Group>
  );
}
