import { Text, VisuallyHidden } from "@mantine/core";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Comparison } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import {
  ConflictNotice,
  submitAction,
  SubmitRefusal,
  useWorkTask,
  WorkFrame,
} from "@/components/work";
import { randomKey } from "@/lib/randomKey";

import { pairActions, rankingActions, toOrderAction, type RankingContext } from "./actions";
import { CandidateCard } from "./CandidateCard";
import { CannotJudgeDialog } from "./CannotJudgeDialog";
import { ContextPane } from "./ContextPane";
import { Contradictions } from "./Contradictions";
import { DiffDialog } from "./DiffDialog";
import { DragBoard } from "./DragBoard";
import { isRating, rankingBody, startOfRewrite, whatIsMissing } from "./draft";
import { Notes } from "./Notes";
import { lineAt, tierNumber, tiersOf } from "./order";
import { OrderBar } from "./OrderBar";
import { gradesFor, orderOf, type Grade } from "./pair";
import { PairBar } from "./PairBar";
import classes from "./Ranking.module.css";
import { useSubmitRanking } from "./requests";
import { toolsFor } from "./tools";
import { useCards } from "./useCards";
import { useMissingText } from "./useMissingText";
import { useRanking } from "./useRanking";
import { useSyncedScroll } from "./useSyncedScroll";
import { useViewChoice } from "./useViewChoice";

interface Props {
  slug: string;
  assignment: Assignment;
  comparison: Comparison;
}

type Over = "diff" | "cannotJudge" | null;

/** Puts candidates in order: by dragging, or without leaving the keyboard. */
export function RankingBoard({ slug, assignment, comparison }: Props) {
  const { t } = useTranslation();
  const task = useWorkTask(slug, assignment);
  const ranking = useRanking(assignment);
  const submission = useSubmitRanking(assignment.id, () => ranking.saver.flush());
  const missingText = useMissingText();
  const [key] = useState(randomKey);
  const { candidates, rating } = comparison;
  const labels = candidates.map(({ label }) => label);
  const cards = useCards(labels);
  const { focused } = cards;
  const [showLengths, setShowLengths] = useViewChoice("lengths", false);
  const [sync, setSync] = useViewChoice("sync", true);
  const syncScroll = useSyncedScroll(sync);
  const [flagsOf, setFlagsOf] = useState<string | null>(null);
  const [over, setOver] = useState<Over>(null);
  const comment = useRef<HTMLTextAreaElement>(null);
  const better = useRef<HTMLTextAreaElement>(null);
  const { draft } = ranking;
  const { order } = draft;
  const [rewriting, setRewriting] = useState<"no" | "kept" | "asked">(
    draft.rewrite === "" ? "no" : "kept",
  );
  const tiers = tiersOf(order);
  const ordering = !isRating(draft, comparison);
  const grades = gradesFor(rating?.strength ?? "none", labels);
  const tools = toolsFor({
    tiers: ordering && grades.length === 0,
    canRateAgain: rating?.flow === "rate-then-order" && ordering,
    showLengths,
    sync,
  });
  const missing = whatIsMissing(draft, comparison);
  const others = [...tiers.flat(), ...labels].filter((label) => label !== focused);

  const send = ({ cannotJudge = false, personalDataConfirmed = false } = {}) => {
    const how = { key, cannotJudge, personalDataConfirmed };
    submission.mutate(rankingBody(ranking.whole(), comparison, how), {
      onSuccess: () => {
        ranking.saver.forget();
        task.leave("submitted");
      },
    });
  };
  const grade = (chosen: Grade) =>
    ranking.grade(chosen.strength, (before) => orderOf(chosen, labels, before));
  const openRewrite = () => {
    if (draft.rewrite === "") {
      ranking.note({ rewrite: startOfRewrite(draft, comparison, focused) });
    }
    setRewriting("asked");
    better.current?.focus();
  };
  const context: RankingContext = {
    canSubmit: missing === null,
    missing: missing === null ? null : missingText(missing),
    busy: submission.isPending || task.leaving,
    submit: () => (ordering ? send() : ranking.note({ ordering: true })),
    openSkip: () => task.setSkipOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    openQuestions: () => task.setQuestionsOpen(true),
    labels,
    focused,
    order,
    scale: rating === null ? null : { min: rating.scale_min, max: rating.scale_max },
    hasFlags: (rating?.flags.length ?? 0) > 0,
    ordering,
    grades,
    grade,
    reorder: ranking.reorder,
    rate: ranking.rate,
    focusCard: cards.step,
    readOn: cards.readOn,
    openFlags: setFlagsOf,
    openComment: () => comment.current?.focus(),
    openRewrite,
    openDiff: () => setOver("diff"),
    toggleLengths: () => setShowLengths((on) => !on),
    toggleSync: () => setSync((on) => !on),
    canRateAgain: rating?.flow === "rate-then-order" && ordering,
    rateAgain: () => ranking.note({ ordering: false }),
    cannotJudge: () => setOver("cannotJudge"),
    canUndo: ranking.canUndo,
    canRedo: ranking.canRedo,
    undo: ranking.undo,
    redo: ranking.redo,
  };
  useActions(t("kinds.ranking"), grades.length > 0 ? pairActions : rankingActions, context);

  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.ranking")}
      status={ranking.status}
      error={submission.error}
      submit={ordering ? submitAction : toOrderAction}
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
      {assignment.reason === "adjudication" && (
        <Text size="sm" c="dimmed" mb="sm">
          {t("ranking.adjudication")}
        </Text>
      )}
      <ContextPane context={comparison.context} />
      <p className={classes.criterion}>
        {ordering
          ? comparison.criterion_text || t(`ranking.criterion.${comparison.direction}`)
          : t("ranking.rateFirst")}
        {rating !== null && rating.help !== "" && <span> {rating.help}</span>}
      </p>
      <DragBoard reorder={ranking.reorder}>
        <div className={classes.cards}>
          {candidates.map((candidate) => {
            const { label } = candidate;
            return (
              <CandidateCard
                key={label}
                ref={(card) => cards.keep(label, card)}
                candidate={candidate}
                rating={rating}
                tier={tierNumber(order, label)}
                score={draft.ratings[label]}
                flags={draft.flags[label] ?? []}
                flagsOpen={flagsOf === label}
                opened={draft.opened.includes(label)}
                showLength={showLengths}
                stage={!ordering ? "rating" : grades.length > 0 ? "pair" : "tiers"}
                syncScroll={syncScroll}
                onFocus={() => cards.setFocused(label)}
                onOpened={() => ranking.markOpened(label)}
                onTime={(milliseconds) => ranking.addTime(label, milliseconds)}
                onRate={(score) => ranking.rate(label, score)}
                onFlags={(keys) => ranking.flag(label, keys)}
                onFlagsOpen={(open) => setFlagsOf(open ? label : null)}
              />
            );
          })}
        </div>
        {ordering && grades.length === 0 && (
          <OrderBar
            order={order}
            unranked={labels.filter((label) => tierNumber(order, label) === null)}
            focused={focused}
            onFocus={cards.focus}
            onLine={(gap) => ranking.reorder((now) => lineAt(now, gap))}
          />
        )}
      </DragBoard>
      {ordering && grades.length > 0 && (
        <PairBar
          grades={grades}
          labels={labels}
          order={order}
          strength={draft.strength}
          onGrade={grade}
          reorder={ranking.reorder}
        />
      )}
      <VisuallyHidden role="status">
        {tiers.map((tier) => tier.join(" = ")).join(" > ")}
      </VisuallyHidden>
      {ordering && <Contradictions draft={draft} />}
      <div className={classes.tools}>
        {tools.map((action) => (
          <ActionButton
            key={action.id}
            action={action}
            context={context}
            variant="subtle"
            color="gray"
            size="compact-sm"
          />
        ))}
      </div>
      <Notes
        comment={draft.comment}
        commentRef={comment}
        onComment={(text) => ranking.note({ comment: text })}
        rewrite={rewriting === "no" ? null : draft.rewrite}
        focusRewrite={rewriting === "asked"}
        rewriteRef={better}
        onRewrite={(rewrite) => ranking.note({ rewrite })}
        onDropRewrite={() => {
          ranking.note({ rewrite: "" });
          setRewriting("no");
        }}
      />
      <SubmitRefusal
        error={submission.error}
        busy={context.busy}
        onConfirm={() => send({ personalDataConfirmed: true })}
      />
      {over === "diff" && (
        <DiffDialog
          candidates={candidates}
          from={others[0] ?? focused}
          to={focused}
          onClose={() => setOver(null)}
        />
      )}
      <CannotJudgeDialog
        opened={over === "cannotJudge"}
        comment={draft.comment}
        busy={context.busy}
        onComment={(text) => ranking.note({ comment: text })}
        onConfirm={() => send({ cannotJudge: true })}
        onClose={() => setOver(null)}
      />
    </WorkFrame>
  );
}
