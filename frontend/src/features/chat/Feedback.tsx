import { Button, Chip, Group, Modal, Stack, Text, Textarea, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { FeedbackReason, Message } from "@/api/types";
import { hasCode } from "@/api/errors";
import { toastFailure } from "@/components/toast";
import { SubmitRefusal } from "@/components/work";
import { useErrorText } from "@/hooks/useErrorText";
import { useKeptText } from "@/hooks/useKeptText";
import { assignmentQuery } from "@/hooks/useWork";

import { useSendFeedback } from "./requests";

interface Props {
  assignment: number;
  message: Message;
  /** Further buttons in the same row. */
  tools: ReactNode;
}

type Thumb = "up" | "down";

const REASONS: Record<Thumb, readonly FeedbackReason[]> = {
  up: ["accurate", "helpful", "well_written", "other"],
  down: ["inaccurate", "not_helpful", "unsafe", "refusal", "style", "other"],
};

/** A thumb on a reply, at once; then, if the person wants, why, and what it should have said. */
export function Feedback({ assignment, message, tools }: Props) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const errorText = useErrorText();
  const feedback = useSendFeedback();
  const given = message.feedback;
  const [asking, setAsking] = useState<Thumb | null>(null);
  const [reasons, setReasons] = useState<readonly FeedbackReason[]>(given?.reasons ?? []);
  const [comment, setComment, forgetComment] = useKeptText(`comment.${message.id}`, given?.comment);
  const [rewrite, setRewrite, forgetRewrite] = useKeptText(`rewrite.${message.id}`, given?.rewrite);
  // What was sent from this page, with what the thumb shown has no place for: the other may come back.
  const [last, setLast] = useState(given);

  const send = (thumb: Thumb, more: boolean, personalDataConfirmed = false) => {
    // A thumb alone keeps what was said with the ones before, as far as it fits.
    const said = more ? { reasons: [...reasons], comment, rewrite } : last;
    feedback.mutate(
      {
        message: message.id,
        thumb,
        reasons: REASONS[thumb].filter((reason) => said?.reasons.includes(reason)),
        comment: said?.comment ?? "",
        rewrite: thumb === "down" ? (said?.rewrite ?? "") : "",
        personal_data_confirmed: personalDataConfirmed,
      },
      {
        onSuccess: () => {
          setAsking(more ? null : thumb);
          if (more) {
            const better = thumb === "down" ? rewrite : (last?.rewrite ?? "");
            setLast({ thumb, reasons: [...reasons], comment, rewrite: better });
            forgetComment();
            if (thumb === "down") forgetRewrite();
          } else if (thumb === "up" && rewrite !== "") {
            // This judgement holds no better reply; the tab keeps it for the way back.
            setRewrite(rewrite);
          }
          void cache.invalidateQueries(assignmentQuery(assignment));
        },
        onError: (error) => {
          if (!hasCode(error, "personal_data_found")) toastFailure(errorText(error));
        },
      },
    );
  };
  const thumb = (value: Thumb) => {
    const chosen = given?.thumb === value;
    return (
      <Tooltip label={t(`chat.thumbs.${value}`)}>
        <Button
          variant={chosen ? "light" : "subtle"}
          color={chosen ? "accent" : "gray"}
          size="compact-sm"
          aria-label={t(`chat.thumbs.${value}`)}
          aria-pressed={chosen}
          onClick={() => (chosen ? setAsking(value) : send(value, false))}
        >
          {value === "up" ? <ThumbsUp size={15} /> : <ThumbsDown size={15} />}
        </Button>
      </Tooltip>
    );
  };
  const shown = asking ?? "down";
  return (
    <>
      <Group gap={4} mt="xs">
        {thumb("up")}
        {thumb("down")}
        {tools}
        {given !== null && given.rewrite !== "" && (
          <Text size="xs" c="dimmed" component="span">
            {t("chat.rewritten")}
          </Text>
        )}
      </Group>
      <Modal
        opened={asking !== null}
        onClose={() => setAsking(null)}
        size="lg"
        title={t(`chat.thumbs.${shown}`)}
      >
        <Stack gap="md">
          <div role="group" aria-label={t("chat.why")}>
            <Chip.Group
              multiple
              value={[...reasons]}
              onChange={(values: string[]) =>
                setReasons(REASONS[shown].filter((reason) => values.includes(reason)))
              }
            >
              <Group gap="xs">
                {REASONS[shown].map((reason) => (
                  <Chip key={reason} value={reason} size="sm">
                    {t(`chat.reasons.${reason}`)}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </div>
          <Textarea
            label={t("chat.comment")}
            autosize
            minRows={2}
            maxRows={8}
            dir="auto"
            value={comment}
            onChange={(event) => setComment(event.currentTarget.value)}
          />
          {shown === "down" && (
            <Textarea
              label={t("chat.rewrite")}
              description={t("chat.rewriteHint")}
              autosize
              minRows={4}
              maxRows={16}
              dir="auto"
              value={rewrite}
              onChange={(event) => setRewrite(event.currentTarget.value)}
            />
          )}
          <SubmitRefusal
            error={feedback.error}
            busy={feedback.isPending}
            confirm={t("chat.personalDataIsFine")}
            onConfirm={() => send("down", true, true)}
          />
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={() => setAsking(null)}>
              {t("chat.thumbIsEnough")}
            </Button>
            <Group gap="xs">
              {shown === "down" && rewrite === "" && (
                <Button variant="default" onClick={() => setRewrite(message.content)}>
                  {t("chat.rewriteFromReply")}
                </Button>
              )}
              <Button loading={feedback.isPending} onClick={() => send(shown, true)}>
                {t("chat.sendFeedback")}
              </Button>
            </Group>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
