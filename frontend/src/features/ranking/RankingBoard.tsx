import { Button, Group, Modal, Text, Textarea, VisuallyHidden } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Comparison } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { ConflictNotice, useWorkTask, WorkFrame } from "@/components/work";
import { randomKey } from "@/lib/randomKey";

import {
  cannotJudgeAction,
  commentAction,
  diffAction,
  lineAction,
  noneAcceptableAction,
  rankingActions,
  redoAction,
  rewriteAction,
  undoAction,
  type RankingContext,
} from "./actions";
import { CandidateCard } from "./CandidateCard";
import { ContextPane } from "./ContextPane";
import { DiffDialog } from "./DiffDialog";
import { DragBoard } from "./DragBoard";
import { rankingBody, whatIsMissing } from "./draft";
import { lineAt, tierNumber, tiersOf } from "./order";
import { OrderBar } from "./OrderBar";
import classes from "./Ranking.module.css";
import { useSubmitRanking } from "./requests";
import { useMissingText } from "./useMissingText";
import { useRanking } from "./useRanking";

// A page of a text, less a few lines to find one's place by.
const PAGE_SHARE = 0.8;

interface Props {
  slug: string;
  assignment: Assignment;
  comparison: Comparison;
}

/** Puts candidates in order: by dragging, or without leaving the keyboard. */
export function RankingBoard({ slug, assignment, comparison }: Props) {
  const { t } = useTranslation();
  const task = useWorkTask(slug, assignment);
  const ranking = useRanking(assignment);
  const submission = useSubmitRanking(assignment.id);
  const missingText = useMissingText();
  const [key] = useState(randomKey);
  const labels = comparison.candidates.map(({ label }) => label);
  const [focused, setFocused] = useState(labels[0] ?? "");
  const [flagsOf, setFlagsOf] = useState<string | null>(null);
  const [rewriting, setRewriting] = useState(ranking.draft.rewrite !== "");
  const [diffing, setDiffing] = useState(false);
  const [givingUp, setGivingUp] = useState(false);
  const cards = useRef(new Map<string, HTMLElement>());
  const comment = useRef<HTMLTextAreaElement>(null);
  const { draft } = ranking;
  const { order } = draft;
  const tiers = tiersOf(order);
  const missing = whatIsMissing(draft, comparison);

  const focusCard = (label: string | undefined) => {
    if (label === undefined) return;
    setFocused(label);
    const card = cards.current.get(label);
    card?.focus();
    card?.scrollIntoView({ block: "nearest", inline: "center" });
  };
  const readOn = (step: -1 | 1) => {
    const text = cards.current.get(focused)?.querySelector(`.${classes.cardText ?? ""}`);
    if (text) text.scrollTop += step * text.clientHeight * PAGE_SHARE;
  };
  const send = (cannotJudge: boolean) => {
    submission.mutate(rankingBody(ranking.whole(), { key, cannotJudge }), {
      onSuccess: () => {
        ranking.saver.forget();
        task.leave("submitted");
      },
    });
  };
  const context: RankingContext = {
    canSubmit: missing === null,
    missing: missing === null ? null : missingText(missing),
    busy: submission.isPending || task.leaving,
    submit: () => send(false),
    openSkip: () => task.setSkipOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    openQuestions: () => task.setQuestionsOpen(true),
    labels,
    focused,
    order,
    scale:
      comparison.rating === null
        ? null
        : { min: comparison.rating.scale_min, max: comparison.rating.scale_max },
    hasFlags: (comparison.rating?.flags.length ?? 0) > 0,
    reorder: ranking.reorder,
    rate: ranking.rate,
    focusCard: (step) => focusCard(labels[labels.indexOf(focused) + step]),
    readOn,
    openFlags: setFlagsOf,
    openComment: () => comment.current?.focus(),
    openRewrite: () => setRewriting(true),
    openDiff: () => setDiffing(true),
    cannotJudge: () => setGivingUp(true),
    canUndo: ranking.canUndo,
    canRedo: ranking.canRedo,
    undo: ranking.undo,
    redo: ranking.redo,
  };
  useActions(t("kinds.ranking"), rankingActions, context);
  const tool = (action: (typeof rankingActions)[number]) => (
    <ActionButton
      key={action.id}
      action={action}
      context={context}
      variant="subtle"
      color="gray"
      size="compact-sm"
    />
  );

  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.ranking")}
      status={ranking.status}
      error={submission.error}
      wide
    >
      {ranking.theirs !== null && (
        <ConflictNotice
          onKeepMine={() => ranking.saver.keepMine()}
          onTakeTheirs={() => {
            const theirs = ranking.saver.takeTheirs();
            if (theirs !== null) ranking.note(theirs);
          }}
        />
      )}
      <ContextPane context={comparison.context} />
      <p className={classes.criterion}>
        {comparison.criterion_text || t(`ranking.criterion.${comparison.direction}`)}
      </p>
      <DragBoard reorder={ranking.reorder}>
        <div className={classes.cards}>
          {comparison.candidates.map((candidate) => {
            const { label } = candidate;
            return (
              <CandidateCard
                key={label}
                ref={(card) => {
                  if (card !== null) cards.current.set(label, card);
                }}
                candidate={candidate}
                rating={comparison.rating}
                tier={tierNumber(order, label)}
                score={draft.ratings[label]}
                flags={draft.flags[label] ?? []}
                flagsOpen={flagsOf === label}
                opened={draft.opened.includes(label)}
                onFocus={() => setFocused(label)}
                onOpened={() => ranking.markOpened(label)}
                onTime={(milliseconds) => ranking.addTime(label, milliseconds)}
                onRate={(rating) => ranking.rate(label, rating)}
                onFlags={(keys) => ranking.flag(label, keys)}
                onFlagsOpen={(open) => setFlagsOf(open ? label : null)}
              />
            );
          })}
        </div>
        <OrderBar
          order={order}
          unranked={labels.filter((label) => tierNumber(order, label) === null)}
          focused={focused}
          onFocus={focusCard}
          onLine={(gap) => ranking.reorder((now) => lineAt(now, gap))}
        />
      </DragBoard>
      <VisuallyHidden role="status">
        {tiers.map((tier) => tier.join(" = ")).join(" > ")}
      </VisuallyHidden>
      <div className={classes.tools}>
        {[
          undoAction,
          redoAction,
          lineAction,
          noneAcceptableAction,
          diffAction,
          rewriteAction,
          cannotJudgeAction,
        ].map(tool)}
      </div>
      <div className={classes.texts}>
        <Textarea
          ref={comment}
          label={t("ranking.commentLabel")}
          aria-keyshortcuts={commentAction.keys[0]}
          autosize
          minRows={1}
          dir="auto"
          value={draft.comment}
          onChange={(event) => ranking.note({ comment: event.currentTarget.value })}
        />
        {rewriting && (
          <Textarea
            label={t("ranking.rewriteLabel")}
            description={t("ranking.rewriteHint")}
            autosize
            minRows={4}
            dir="auto"
            autoFocus={draft.rewrite === ""}
            value={draft.rewrite}
            onChange={(event) => ranking.note({ rewrite: event.currentTarget.value })}
          />
        )}
      </div>
      <DiffDialog
        opened={diffing}
        onClose={() => setDiffing(false)}
        candidates={comparison.candidates}
        focused={focused}
        best={tiers[0]?.find((label) => label !== focused) ?? null}
      />
      <Modal opened={givingUp} onClose={() => setGivingUp(false)} title={t("ranking.cannotJudge")}>
        <Text size="sm" c="dimmed">
          {t("ranking.cannotJudgeHint")}
        </Text>
        <Textarea
          mt="md"
          label={t("ranking.commentLabel")}
          autosize
          minRows={2}
          value={draft.comment}
          onChange={(event) => ranking.note({ comment: event.currentTarget.value })}
        />
        <Group justify="space-between" mt="lg">
          <Button variant="subtle" color="gray" onClick={() => setGivingUp(false)}>
            {t("common.cancel")}
          </Button>
          <Button loading={context.busy} onClick={() => send(true)}>
            {t("ranking.cannotJudgeConfirm")}
          </Button>
        </Group>
      </Modal>
    </WorkFrame>
  );
}
