import { Alert, Button, Group } from "@mantine/core";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { hasCode } from "@/api/errors";
import type { Assignment, Conversation, ThreadTurn } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { MostTurns } from "@/components/thread/MostTurns";
import { moveTurn } from "@/components/thread/moveTurn";
import { PromptCard } from "@/components/thread/PromptCard";
import { ReturnedNotice } from "@/components/thread/ReturnedNotice";
import { statusOfThread } from "@/components/thread/statusOfThread";
import { TurnEditor, type TurnEditorHandle } from "@/components/thread/TurnEditor";
import {
  insertionBefore,
  SYSTEM_FIRST,
  TurnsInserter,
  unfinishedInsertion,
} from "@/components/thread/TurnsInserter";
import {
  blankTurn,
  hasRoom,
  NEXT_TURN,
  nextRoles,
  type TurnText,
} from "@/components/thread/turnText";
import { unfinishedEdit } from "@/components/thread/unfinishedEdit";
import { useComposed } from "@/components/thread/useComposed";
import { StaleThreadNotice, SubmitRefusal, useWorkTask, WorkFrame } from "@/components/work";
import { useHome } from "@/hooks/useHome";
import { useThread } from "@/hooks/useThread";
import type { SaveStatus } from "@/lib/autosaver";
import { randomKey } from "@/lib/randomKey";

import {
  addTurnAction,
  demonstrationActions,
  draftsAction,
  endAction,
  previewAction,
  systemAction,
  type DemonstrationContext,
} from "./actions";
import { DraftPanel, selectedWords } from "./DraftPanel";
import { useSubmitDemonstration } from "./requests";
import { useDrafts } from "./useDrafts";
import { byId, WrittenTurns } from "./WrittenTurns";

interface Props {
  slug: string;
  assignment: Assignment;
  initial: Conversation;
}

/** Both sides of a conversation, written by one person with drafts to help. */
export function DemonstrationEditor({ slug, assignment, initial }: Props) {
  const { t } = useTranslation();
  const project = useHome(slug).data?.project;
  const task = useWorkTask(slug, assignment);
  const thread = useThread(assignment, initial);
  const submission = useSubmitDemonstration(assignment.id);
  const { messages, version } = thread.conversation;
  const drafts = useDrafts(assignment.id, version);
  const composer = useRef<TurnEditorHandle>(null);
  const cleared = useRef(Promise.resolve());
  const [submissionKey] = useState(randomKey);
  const { role: writtenRole, hasText, change: setWritten, read: readWritten } = useComposed();
  const [status, setStatus] = useState<SaveStatus>("unchanged");
  /** A turn is on its way: what was typed after it would go with it, unsent. */
  const [sending, setSending] = useState(false);
  const [preview, setPreview] = useState(false);
  const [ended, setEnded] = useState(false);
  const [readOnly, setReadOnly] = useState(false);
  const [temperature, setTemperature] = useState("");
  const [editing, setEditing] = useState(() => unfinishedEdit(assignment, initial));
  const [inserting, setInserting] = useState(() =>
    unfinishedInsertion(assignment, initial.messages),
  );

  const position = messages.length;
  const roles = nextRoles(messages);
  const lastRole = (hasText ? writtenRole : null) ?? messages.at(-1)?.role;
  const nTurns = messages.filter(({ role }) => role !== "system").length;
  const full = project !== undefined && !hasRoom(messages, project.max_turns);
  const busy = thread.writing || submission.isPending || task.leaving;
  const composing = editing === null && inserting === null && !ended && !readOnly;
  const side = writtenRole ?? roles[0] ?? "user";
  const canDraft =
    assignment.drafts_allowed &&
    !full &&
    composing &&
    (side === "assistant" || (side === "user" && project?.user_drafts === true));

  /** Writes the composer's text into the thread; the thread as it stands when there is none. */
  const commit = useCallback(async (): Promise<Conversation> => {
    const pending = readWritten();
    if (pending === null) return thread.conversation;
    drafts.close(pending.draft);
    setSending(true);
    const next = await thread
      .write([...byId(messages), { ...pending }])
      .finally(() => setSending(false));
    cleared.current = composer.current?.clear() ?? Promise.resolve();
    setWritten(null);
    setPreview(false);
    return next;
  }, [drafts, messages, readWritten, setWritten, thread]);

  // The next turn is at hand as soon as one was added, or taken back.
  useEffect(() => composer.current?.focus(), [position]);

  const insert = (index: number) => {
    const draft = drafts.shown[index];
    if (draft === undefined || draft.text === "") return;
    const part = selectedWords(index);
    composer.current?.insert(part === "" ? draft.text : part, draft.id, part !== "");
  };
  const submit = async (personalDataConfirmed: boolean) => {
    const { version: newest } = await commit();
    // A save that came after the submission would be refused.
    await cleared.current;
    submission.mutate(
      { key: submissionKey, version: newest, personal_data_confirmed: personalDataConfirmed },
      { onSuccess: () => task.leave("submitted") },
    );
  };
  const missing = readOnly
    ? t("work.readOnlyNote")
    : editing !== null || inserting !== null
      ? t("thread.unsavedEdit")
      : lastRole === undefined
        ? t("demonstration.nothingWritten")
        : lastRole !== "assistant"
          ? t("demonstration.mustEndWithAssistant", { n: position + (hasText ? 1 : 0) })
          : project !== undefined && nTurns + (hasText ? 1 : 0) < project.min_turns
            ? t("demonstration.tooFewTurns", { count: project.min_turns })
            : null;
  // A refused save is told by the page; there is nothing more to do about it here.
  const quietly = (saving: Promise<unknown>) => void saving.catch(() => undefined);
  const context: DemonstrationContext = {
    canSubmit: missing === null,
    missing,
    busy,
    submit: () => quietly(submit(false)),
    openSkip: () => task.setSkipOpen(true),
    openQuestions: () => task.setQuestionsOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    canAddTurn: hasText && composing,
    addTurn: () => quietly(commit()),
    canDraft: canDraft && !drafts.asking,
    requestDrafts: () =>
      drafts.open({ version, ...(temperature === "" ? {} : { temperature: Number(temperature) }) }),
    stopDrafts: () => void drafts.stop(),
    draftsWriting: drafts.isOpen && !drafts.ended,
    draftsOpen: drafts.isOpen,
    chooseDraft: drafts.choose,
    insertDraft: () => insert(drafts.chosen),
    dismissDrafts: () => drafts.close(null, "dismissed"),
    canSwitchRole: roles.length > 1 && composing,
    switchRole: () => {
      const other = roles.find((role) => role !== side);
      if (other !== undefined) composer.current?.setRole(other);
    },
    canUndo: thread.canUndo && !readOnly && editing === null && inserting === null,
    undo: () => quietly(thread.undo()),
    canRedo: thread.canRedo && !readOnly && editing === null && inserting === null,
    redo: () => quietly(thread.redo()),
    canEnd: composing && lastRole === "assistant" && missing === null,
    end: () => quietly(commit().then(() => setEnded(true))),
    canAddSystem: composing && position > 0 && messages[0]?.role !== "system",
    addSystem: () => setInserting(SYSTEM_FIRST),
    togglePreview: () => setPreview((on) => !on),
    moveTurn,
  };
  useActions(t("kinds.demonstration"), demonstrationActions, context);
  const openDrafts = drafts.open;
  useAutomaticDrafts(
    project?.draft_mode === "automatic" && canDraft && side === "assistant",
    version,
    openDrafts,
  );

  const rewrite = async (turns: ThreadTurn[]) => {
    await thread.write(turns);
    setEditing(null);
    setInserting(null);
  };
  // The turns above render again only when one of them is another: neither a key nor a word of a draft
  // may cost as much as a long conversation does.
  const latestRewrite = useRef(rewrite);
  useLayoutEffect(() => {
    latestRewrite.current = rewrite;
  });
  const rewriteTurns = useCallback((turns: ThreadTurn[]) => latestRewrite.current(turns), []);
  const insertBefore = useCallback(
    (index: number) => setInserting(insertionBefore(messages, index)),
    [messages],
  );
  const inserter = inserting !== null && (
    <TurnsInserter
      assignment={assignment}
      version={version}
      insertion={inserting}
      busy={busy}
      maxCharacters={project?.max_turn_characters}
      onSave={(turns) => rewrite(byId(messages).toSpliced(inserting.index, 0, ...turns))}
      onCancel={() => setInserting(null)}
      onStatus={setStatus}
    />
  );
  const stale = hasCode(thread.error, "stale_version");
  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.demonstration")}
      status={statusOfThread(status, position, thread.writing)}
      error={(stale ? null : thread.error) ?? submission.error ?? drafts.error}
      showsSampling={assignment.drafts_allowed && !drafts.awaited}
    >
      {assignment.is_scored && (
        <Alert variant="light" color="gray" role="status" mb="md">
          {t("demonstration.exam")}
        </Alert>
      )}
      <PromptCard prompt={assignment.prompt} messages={messages} />
      <ReturnedNotice
        title={t("thread.returnedTitle")}
        previous={assignment.previous}
        messages={messages}
      />
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
      <WrittenTurns
        assignment={assignment}
        messages={messages}
        version={version}
        limits={project}
        editing={editing}
        insertingAt={inserting?.index ?? null}
        inserter={inserter}
        busy={busy}
        readOnly={readOnly}
        onEdit={setEditing}
        onInsertBefore={insertBefore}
        onRewrite={rewriteTurns}
        onStatus={setStatus}
      />
      {ended && (
        <Alert variant="light" color="gray" role="status" my="md">
          {t("demonstration.ended")}
          <Group mt="xs">
            <Button
              variant="default"
              size="compact-md"
              // The composer, which had the focus, is gone.
              autoFocus
              onClick={() => setEnded(false)}
            >
              {t("demonstration.goOn")}
            </Button>
          </Group>
        </Alert>
      )}
      {composing && full && <MostTurns most={project.max_turns} />}
      {composing && !full && (
        <TurnEditor
          ref={composer}
          assignment={assignment.id}
          position={NEXT_TURN}
          after={messages}
          version={version}
          autosaves={assignment.autosaves}
          original={startingTurn(assignment, roles[0] ?? "user", position)}
          roles={roles}
          preview={preview}
          sending={sending}
          maxCharacters={project?.max_turn_characters}
          label={t("thread.writeAs", { role: t(`roles.${roles[0] ?? "user"}`) })}
          placeholder={t(`demonstration.placeholder.${roles[0] ?? "user"}`)}
          suggestion={drafts.isOpen ? (drafts.shown[drafts.chosen] ?? null) : null}
          onChange={setWritten}
          onStatus={setStatus}
          onUndoBeyond={() => {
            if (context.canUndo && !busy) context.undo();
          }}
          onRedoBeyond={() => {
            if (context.canRedo && !busy) context.redo();
          }}
          focusAtOnce
          tools={[systemAction, endAction, previewAction]
            .filter((action) => action === previewAction || action.enabled?.(context))
            .map((action) => (
              <ActionButton
                key={action.id}
                action={action}
                context={context}
                variant="subtle"
                color="gray"
                size="compact-sm"
              />
            ))}
          buttons={
            <>
              {assignment.drafts_allowed && !drafts.isOpen && (
                <ActionButton
                  action={draftsAction}
                  context={context}
                  variant="default"
                  keyInside
                  loading={drafts.asking}
                />
              )}
              <ActionButton action={addTurnAction} context={context} variant="default" keyInside />
            </>
          }
        />
      )}
      {drafts.isOpen && composing && (
        <DraftPanel
          slug={slug}
          drafts={drafts}
          context={context}
          temperature={temperature}
          onTemperature={setTemperature}
          onInsert={insert}
        />
      )}
      <SubmitRefusal
        error={submission.error ?? (stale ? null : thread.error)}
        busy={busy}
        onConfirm={() => quietly(submit(true))}
      />
    </WorkFrame>
  );
}

/** A given prompt is the first user turn; a brief leaves the wording to the writer. */
function startingTurn(assignment: Assignment, role: TurnText["role"], position: number): TurnText {
  const isPrompt = position === 0 && assignment.prompt?.kind === "prompt";
  return { ...blankTurn(role), content: isPrompt ? (assignment.prompt?.text ?? "") : "" };
}

/** Where the project says so, drafts come by themselves, once for each state of the thread. */
function useAutomaticDrafts(
  on: boolean,
  version: number,
  open: (asked: { version: number }) => void,
): void {
  const asked = useRef<number | null>(null);
  useEffect(() => {
    if (!on || asked.current === version) return;
    asked.current = version;
    open({ version });
  }, [on, open, version]);
}
