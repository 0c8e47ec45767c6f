import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Conversation, ThreadTurn, Verdict } from "@/api/types";
import { hasCode } from "@/api/errors";
import { ActionButton, useActions } from "@/components/actions";
import { EditableTurn } from "@/components/thread/EditableTurn";
import { focusedTurn, focusTurn, moveTurn } from "@/components/thread/moveTurn";
import { PromptCard } from "@/components/thread/PromptCard";
import { ReturnedNotice } from "@/components/thread/ReturnedNotice";
import { statusOfThread } from "@/components/thread/statusOfThread";
import {
  ConflictNotice,
  StaleThreadNotice,
  SubmitRefusal,
  useWorkTask,
  WorkFrame,
} from "@/components/work";
import { useAutosave } from "@/hooks/useAutosave";
import { useThread } from "@/hooks/useThread";
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
import {
  EMPTY_REVIEW,
  parseReviewDraft,
  REVIEW_TURN,
  turnComments,
  type ReviewDraft,
} from "./draft";
import { useSubmitReview } from "./requests";
import { TurnComment } from "./TurnComment";
import { VerdictDialog } from "./VerdictDialog";

interface Props {
  slug: string;
  assignment: Assignment;
  initial: Conversation;
}

/** Reads what somebody wrote, and approves, fixes, returns or rejects it. */
export function ReviewDesk({ slug, assignment, initial }: Props) {
  const { t } = useTranslation();
  const task = useWorkTask(slug, assignment);
  const thread = useThread(assignment, initial);
  const { saver, status, theirs } = useAutosave<ReviewDraft>({
    assignment: assignment.id,
    turn: REVIEW_TURN,
    autosaves: assignment.autosaves,
    parse: parseReviewDraft,
  });
  const submission = useSubmitReview(assignment.id, () => saver.flush());
  const [key] = useState(randomKey);
  const [draft, setDraft] = useState(saver.initial ?? EMPTY_REVIEW);
  const [readOnly, setReadOnly] = useState(false);
  const [editing, setEditing] = useState<number | null>(null);
  const [commenting, setCommenting] = useState<number | null>(null);
  const [verdict, setVerdict] = useState<"returned" | "rejected" | null>(null);
  const lastFocused = useRef(0);
  const { messages, fixed_in_review: fixed } = thread.conversation;
  const busy = thread.writing || submission.isPending || task.leaving;

  const change = (next: ReviewDraft) => {
    setDraft(next);
    saver.change(next);
  };
  const rewrite = async (turns: ThreadTurn[]) => {
    await thread.write(turns);
    setEditing(null);
  };
  const submit = (chosen: Verdict, personalDataConfirmed = false) => {
    const { comment } = draft;
    submission.mutate(
      {
        key,
        verdict: chosen,
        comment,
        comments: turnComments(draft),
        personal_data_confirmed: personalDataConfirmed,
      },
      {
        onSuccess: () => {
          saver.forget();
          task.leave("submitted");
        },
      },
    );
  };
  // The editor had the focus; when it goes, its turn takes it, whether it was rewritten or not.
  useEffect(() => (editing === null ? undefined : () => focusTurn(editing)), [editing]);
  /** The turn that a key means: the focused one, or the one that was focused last. */
  const turnAtHand = () => {
    const focused = focusedTurn();
    if (focused !== -1) lastFocused.current = focused;
    return lastFocused.current;
  };
  const context: ReviewContext = {
    canSubmit: editing === null && verdict === null && !readOnly,
    missing: readOnly ? t("work.readOnlyNote") : editing === null ? null : t("thread.unsavedEdit"),
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

  const stale = hasCode(thread.error, "stale_version");
  const turns: ThreadTurn[] = messages.map(({ id }) => ({ id }));
  // Without it alone, the sides still alternate.
  const isAlone = (index: number) =>
    index === messages.length - 1 || messages[index]?.role === "system";
  // A refusal is told by the page; there is nothing more to do about it here.
  const quietly = (saving: Promise<unknown>) => void saving.catch(() => undefined);
  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.review")}
      status={statusOfThread(status, fixed ? messages.length : 0, thread.writing)}
      error={(stale ? null : thread.error) ?? (verdict === null ? submission.error : null)}
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
      {stale && (
        <StaleThreadNotice
          readOnly={readOnly}
          onReadOnly={() => setReadOnly(true)}
          onLoad={() => {
            setReadOnly(false);
            quietly(thread.load());
          }}
        />
      )}
      <PromptCard prompt={assignment.prompt} messages={messages} />
      <ReturnedNotice
        title={t("review.returnedTitle")}
        previous={assignment.previous}
        messages={messages}
      />
      {messages.map((message, index) => (
        <div key={message.id} inert={readOnly}>
          <EditableTurn
            assignment={assignment}
            message={message}
            editing={editing === index}
            busy={busy}
            onEdit={() => setEditing(index)}
            onCancel={() => setEditing(null)}
            onSave={(turn) => rewrite(turns.with(index, turn))}
            deletesTwo={!isAlone(index)}
            onDelete={() => quietly(rewrite(turns.toSpliced(index, isAlone(index) ? 1 : 2)))}
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
        </div>
      ))}
      {verdict === null && (
        <SubmitRefusal
          error={submission.error}
          busy={busy}
          onConfirm={() => submit(fixed ? "fixed" : "approved", true)}
        />
      )}
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
