import { Button, Group, Radio, Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Conversation } from "@/api/types";
import { useActions } from "@/components/actions";
import { focusedTurn, moveTurn } from "@/components/thread/moveTurn";
import { PromptCard } from "@/components/thread/PromptCard";
import { Turn } from "@/components/thread/Turn";
import { ConflictNotice, useWorkTask, WorkFrame } from "@/components/work";
import { useAutosave } from "@/hooks/useAutosave";
import { randomKey } from "@/lib/randomKey";

import {
  EMPTY_REVIEW,
  parseReviewDraft,
  REVIEW_TURN,
  turnComments,
  type ReviewDraft,
} from "./draft";
import { useSubmitReview } from "./requests";
import classes from "./Review.module.css";
import { scoreActions, SCORES, type ScoreContext } from "./scoreActions";
import { TurnComment } from "./TurnComment";

interface Props {
  slug: string;
  assignment: Assignment;
  conversation: Conversation;
}

/** Reads what somebody wrote in an entry exam and says how good it is; nothing of it can be changed. */
export function ScoreDesk({ slug, assignment, conversation }: Props) {
  const { t } = useTranslation();
  const task = useWorkTask(slug, assignment);
  const { saver, status, theirs } = useAutosave<ReviewDraft>({
    assignment: assignment.id,
    turn: REVIEW_TURN,
    autosaves: assignment.autosaves,
    parse: parseReviewDraft,
  });
  const submission = useSubmitReview(assignment.id, () => saver.flush());
  const [key] = useState(randomKey);
  const [draft, setDraft] = useState(saver.initial ?? EMPTY_REVIEW);
  const [commenting, setCommenting] = useState<number | null>(null);
  const lastFocused = useRef(0);
  const { messages } = conversation;
  const { score } = draft;

  const change = (part: Partial<ReviewDraft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    saver.change(next);
  };
  const commentOnTurn = () => {
    const focused = focusedTurn();
    if (focused !== -1) lastFocused.current = focused;
    setCommenting(messages[lastFocused.current]?.id ?? null);
  };
  const context: ScoreContext = {
    canSubmit: score !== null,
    missing: score === null ? t("review.noScore") : null,
    busy: submission.isPending || task.leaving,
    submit: () =>
      submission.mutate(
        { key, verdict: "scored", score, comment: draft.comment, comments: turnComments(draft) },
        {
          onSuccess: () => {
            saver.forget();
            task.leave("submitted");
          },
        },
      ),
    openSkip: () => task.setSkipOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    openQuestions: () => task.setQuestionsOpen(true),
    score: (chosen) => change({ score: chosen }),
    moveTurn,
    commentOnTurn,
  };
  useActions(t("review.scoreTitle"), scoreActions, context);

  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("review.scoreTitle")}
      status={status}
      error={submission.error}
    >
      {theirs !== null && (
        <ConflictNotice
          onKeepMine={() => saver.keepMine()}
          onTakeTheirs={() => setDraft(saver.takeTheirs() ?? draft)}
        />
      )}
      <PromptCard prompt={assignment.prompt} messages={messages} />
      {messages.map((message) => (
        <Turn
          key={message.id}
          role={message.role}
          content={message.content}
          tools={
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              onClick={() => setCommenting(message.id)}
            >
              {t("review.comment")}
            </Button>
          }
        >
          <TurnComment
            writing={commenting === message.id}
            text={draft.comments[message.id] ?? ""}
            onChange={(text) => change({ comments: { ...draft.comments, [message.id]: text } })}
            onDone={() => setCommenting(null)}
          />
        </Turn>
      ))}
      <section className={classes.score}>
        <Radio.Group
          label={t("review.score")}
          description={t("review.scoreHint")}
          required
          value={score === null ? null : String(score)}
          onChange={(chosen) => change({ score: Number(chosen) })}
        >
          <Group gap="md" mt="xs" className={classes.steps}>
            {SCORES.map((step) => (
              <Radio key={step} value={String(step)} label={String(step)} />
            ))}
          </Group>
        </Radio.Group>
        <Textarea
          label={t("review.scoreComment")}
          autosize
          minRows={2}
          dir="auto"
          value={draft.comment}
          onChange={(event) => change({ comment: event.currentTarget.value })}
        />
      </section>
    </WorkFrame>
  );
}
