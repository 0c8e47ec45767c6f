import { Button } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Conversation, ThreadTurn, Verdict } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { EditableTurn } from "@/components/thread/EditableTurn";
import { focusedTurn, moveTurn } from "@/components/thread/moveTurn";
import { PromptCard } from "@/components/thread/PromptCard";
import { ReturnedNotice } from "@/components/thread/ReturnedNotice";
import { ConflictNotice, useWorkTask, WorkFrame } from "@/components/work";
import { useAutosave } from "@/hooks/useAutosave";
import { randomKey } from "@/lib/randomKey";

import {
  approveAction,
  fixAndApproveAction,
  rejectAction,
  returnAction,
  reviewActions,
  type ReviewContext,
} from "./actions";
import { DraftDiff } from "./DraftDiff";
import { EMPTY_REVIEW, parseReviewDraft, turnComments, type ReviewDraft } from "./draft";
import { useFixThread, useSubmitReview } from "./requests";
import { TurnComment } from "./TurnComment";
import { VerdictDialog } from "./VerdictDialog";

interface Props {
  slug: string;
  assignment: Assignment;
  initial: Conversation;
}

/** Turns are autosaved by their position; the review itself under the number that no turn has. */
const REVIEW_TURN = 9_999;

/** Reads what somebody wrote, and approves, fixes, returns or rejects it. */
export function ReviewDesk({ slug, assignment, initial }: Props) {
  const { t } = useTranslation();
  const task = useWorkTask(slug, assignment);
  const fix = useFixThread(assignment.id);
  const submission = useSubmitReview(assignment.id);
  const { saver, status, theirs } = useAutosave<ReviewDraft>({
    assignment: assignment.id,
    turn: REVIEW_TURN,
    autosaves: assignment.autosaves,
    parse: parseReviewDraft,
  });
  const [key] = useState(randomKey);
  const [draft, setDraft] = useState(saver.initial ?? EMPTY_REVIEW);
  const [conversation, setConversation] = useState(initial);
  const [fixed, setFixed] = useState(false);
  const [editing, setEditing] = useState<number | null>(null);
  const [commenting, setCommenting] = useState<number | null>(null);
  const [verdict, setVerdict] = useState<"returned" | "rejected" | null>(null);
  const lastFocused = useRef(0);
  const { messages } = conversation;
  const busy = fix.isPending || submission.isPending || task.leaving;

  const change = (next: ReviewDraft) => {
    setDraft(next);
    saver.change(next);
  };
  const rewrite = async (index: number, turn: ThreadTurn) => {
    const turns: ThreadTurn[] = messages.map(({ id }) => ({ id }));
    const next = await fix.mutateAsync({
      version: conversation.version,
      turns: turns.with(index, turn),
    });
    setConversation(next);
    setFixed(true);
    setEditing(null);
  };
  const submit = (chosen: Verdict) => {
    const { comment } = draft;
    submission.mutate(
      { key, verdict: chosen, comment, comments: turnComments(draft) },
      {
        onSuccess: () => {
          saver.forget();
          task.leave("submitted");
        },
      },
    );
  };
  /** The turn that a key means: the focused one, or the one that was focused last. */
  const turnAtHand = () => {
    const focused = focusedTurn();
    if (focused !== -1) lastFocused.current = focused;
    return lastFocused.current;
  };
  const context: ReviewContext = {
    canSubmit: editing === null && verdict === null,
    missing: editing === null ? null : t("thread.unsavedEdit"),
    busy,
    submit: () => submit(fixed ? "fixed" : "approved"),
    openSkip: () => task.setSkipOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    openQuestions: () => task.setQuestionsOpen(true),
    fixed,
    approve: () => submit(fixed ? "fixed" : "approved"),
    openReturn: () => setVerdict("returned"),
    openReject: () => setVerdict("rejected"),
    moveTurn,
    commentOnTurn: () => setCommenting(messages[turnAtHand()]?.id ?? null),
    editTurn: () => setEditing(turnAtHand()),
  };
  useActions(t("kinds.review"), reviewActions, context);

  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.review")}
      status={status}
      error={fix.error ?? (verdict === null ? submission.error : null)}
      note={fixed ? t("review.fixedNote") : null}
      verdicts={
        <>
          <ActionButton action={rejectAction} context={context} variant="default" keyInside />
          <ActionButton action={returnAction} context={context} variant="default" keyInside />
          <ActionButton
            action={fixed ? fixAndApproveAction : approveAction}
            context={context}
            keyInside
            loading={busy}
          />
        </>
      }
    >
      {theirs !== null && (
        <ConflictNotice
          onKeepMine={() => saver.keepMine()}
          onTakeTheirs={() => setDraft(saver.takeTheirs() ?? draft)}
        />
      )}
      <PromptCard prompt={assignment.prompt} />
      <ReturnedNotice previous={assignment.previous} messages={messages} />
      {messages.map((message, index) => (
        <EditableTurn
          key={message.id}
          assignment={assignment}
          message={message}
          editing={editing === index}
          busy={busy}
          onEdit={() => setEditing(index)}
          onCancel={() => setEditing(null)}
          onSave={(turn) => rewrite(index, turn)}
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
          <DraftDiff message={message} />
          <TurnComment
            writing={commenting === message.id}
            text={draft.comments[message.id] ?? ""}
            onChange={(text) =>
              change({ ...draft, comments: { ...draft.comments, [message.id]: text } })
            }
            onDone={() => setCommenting(null)}
          />
        </EditableTurn>
      ))}
      <VerdictDialog
        verdict={verdict}
        draft={draft}
        nTurnComments={turnComments(draft).length}
        busy={busy}
        error={submission.error}
        onComment={(comment) => change({ ...draft, comment })}
        onConfirm={submit}
        onClose={() => setVerdict(null)}
      />
    </WorkFrame>
  );
}
