import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Conversation, ThreadTurn } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { EditableTurn } from "@/components/thread/EditableTurn";
import { moveTurn } from "@/components/thread/moveTurn";
import { PromptCard } from "@/components/thread/PromptCard";
import { ReturnedNotice } from "@/components/thread/ReturnedNotice";
import { TurnEditor, type TurnEditorHandle } from "@/components/thread/TurnEditor";
import {
  blankTurn,
  isBlank,
  nextRoles,
  parseTurnText,
  type TurnText,
} from "@/components/thread/turnText";
import { useWorkTask, WorkFrame } from "@/components/work";
import { useHome } from "@/hooks/useHome";
import type { SaveStatus } from "@/lib/autosaver";
import { randomKey } from "@/lib/randomKey";

import {
  addTurnAction,
  demonstrationActions,
  draftsAction,
  previewAction,
  type DemonstrationContext,
} from "./actions";
import { DraftPanel } from "./DraftPanel";
import { useSubmitDemonstration } from "./requests";
import { useDrafts } from "./useDrafts";
import { useThread } from "./useThread";

interface Props {
  slug: string;
  assignment: Assignment;
  initial: Conversation;
}

const byId = (messages: Conversation["messages"]): ThreadTurn[] =>
  messages.map(({ id }) => ({ id }));

/** Both sides of a conversation, written by one person with drafts to help. */
export function DemonstrationEditor({ slug, assignment, initial }: Props) {
  const { t } = useTranslation();
  const project = useHome(slug).data?.project;
  const task = useWorkTask(slug, assignment);
  const thread = useThread(assignment, initial);
  const submission = useSubmitDemonstration(assignment.id);
  const drafts = useDrafts(assignment.id);
  const composer = useRef<TurnEditorHandle>(null);
  const cleared = useRef(Promise.resolve());
  const [submissionKey] = useState(randomKey);
  const [written, setWritten] = useState<TurnText | null>(null);
  const [status, setStatus] = useState<SaveStatus>("unchanged");
  const [preview, setPreview] = useState(false);
  const [editing, setEditing] = useState(() => unfinishedEdit(assignment, initial));

  const { messages, version } = thread.conversation;
  const position = messages.length;
  const roles = nextRoles(messages);
  const pending = written !== null && !isBlank(written) ? written : null;
  const lastRole = pending?.role ?? messages.at(-1)?.role;
  const full = project !== undefined && position >= project.max_turns;
  const busy = thread.writing || submission.isPending || task.leaving;
  const canDraft =
    assignment.drafts_allowed && !full && roles.includes("assistant") && editing === null;

  /** Writes the composer's text into the thread; the thread as it stands when there is none. */
  const commit = useCallback(async (): Promise<Conversation> => {
    if (pending === null) return thread.conversation;
    const { role, content, draft, pasted_characters } = pending;
    // The editor of this position: the thread's next state mounts another one.
    const editor = composer.current;
    drafts.close(draft);
    const next = await thread.write([
      ...byId(messages),
      { role, content, draft, pasted_characters },
    ]);
    cleared.current = editor?.clear() ?? Promise.resolve();
    setWritten(null);
    setPreview(false);
    return next;
  }, [drafts, messages, pending, thread]);

  const insert = (index: number) => {
    const draft = drafts.shown[index];
    if (draft !== undefined && draft.text !== "") composer.current?.insert(draft.text, draft.id);
  };
  const submit = async () => {
    const { version: newest } = await commit();
    // A save that came after the submission would be refused.
    await cleared.current;
    submission.mutate(
      { key: submissionKey, version: newest },
      { onSuccess: () => task.leave("submitted") },
    );
  };
  const missing =
    editing !== null
      ? t("thread.unsavedEdit")
      : lastRole === undefined
        ? t("demonstration.nothingWritten")
        : lastRole !== "assistant"
          ? t("demonstration.mustEndWithAssistant")
          : project !== undefined && position + (pending ? 1 : 0) < project.min_turns
            ? t("demonstration.tooFewTurns", { count: project.min_turns })
            : null;
  const context: DemonstrationContext = {
    canSubmit: missing === null,
    missing,
    busy,
    // A refused save is told by the page; there is nothing more to do about it here.
    submit: () => void submit().catch(() => undefined),
    openSkip: () => task.setSkipOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    canAddTurn: pending !== null && editing === null,
    addTurn: () =>
      void commit().then(
        () => composer.current?.focus(),
        () => undefined,
      ),
    canDraft: canDraft && !drafts.asking,
    requestDrafts: () => drafts.open(version),
    draftsOpen: drafts.isOpen,
    chooseDraft: drafts.choose,
    insertDraft: () => insert(drafts.chosen),
    dismissDrafts: () => drafts.close(null),
    canSwitchRole: roles.length > 1,
    switchRole: () => {
      const other = roles.find((role) => role !== written?.role);
      if (other !== undefined) composer.current?.setRole(other);
    },
    togglePreview: () => setPreview((on) => !on),
    moveTurn,
  };
  useActions(t("kinds.demonstration"), demonstrationActions, context);
  useAutomaticDrafts(project?.draft_mode === "automatic" && canDraft, version, drafts.open);

  const rewrite = async (index: number, turn: ThreadTurn) => {
    drafts.close(null);
    await thread.write(byId(messages).with(index, turn));
    setEditing(null);
  };
  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.demonstration")}
      status={status}
      error={thread.error ?? submission.error ?? drafts.error}
      showsSampling={assignment.drafts_allowed}
    >
      <PromptCard prompt={assignment.prompt} />
      <ReturnedNotice previous={assignment.previous} />
      {messages.map((message, index) => (
        <EditableTurn
          key={message.id}
          assignment={assignment}
          message={message}
          editing={editing === index}
          busy={busy}
          maxCharacters={project?.max_turn_characters}
          onEdit={() => setEditing(index)}
          onCancel={() => setEditing(null)}
          onSave={(turn) => rewrite(index, turn)}
          onCutFrom={() => {
            drafts.close(null);
            void thread.write(byId(messages.slice(0, index))).catch(() => undefined);
          }}
        />
      ))}
      {editing === null && !full && (
        <TurnEditor
          // A new turn is a new piece of work with its own saved copy.
          key={position}
          ref={composer}
          assignment={assignment.id}
          position={position}
          autosaves={assignment.autosaves}
          original={startingTurn(assignment, roles[0] ?? "user", position)}
          roles={roles}
          preview={preview}
          maxCharacters={project?.max_turn_characters}
          label={t("thread.writeAs", { role: t(`roles.${roles[0] ?? "user"}`) })}
          placeholder={t(`demonstration.placeholder.${roles[0] ?? "user"}`)}
          suggestion={drafts.isOpen ? (drafts.shown[drafts.chosen] ?? null) : null}
          onChange={setWritten}
          onStatus={setStatus}
          focusAtOnce
          buttons={() => (
            <>
              <ActionButton
                action={previewAction}
                context={context}
                variant="subtle"
                color="gray"
                size="compact-md"
              />
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
          )}
        />
      )}
      {drafts.isOpen && editing === null && (
        <DraftPanel drafts={drafts} context={context} onInsert={insert} />
      )}
    </WorkFrame>
  );
}

/** The turn whose rewriting was begun and neither saved nor given up, by its place. */
function unfinishedEdit({ autosaves }: Assignment, { messages }: Conversation): number | null {
  const unfinished = autosaves.find(({ turn, payload }) => {
    const text = parseTurnText(payload);
    const message = messages[turn];
    return message && text !== null && !isBlank(text) && text.content !== message.content;
  });
  return unfinished?.turn ?? null;
}

/** A given prompt is the first user turn; a brief leaves the wording to the writer. */
function startingTurn(assignment: Assignment, role: TurnText["role"], position: number): TurnText {
  const isPrompt = position === 0 && assignment.prompt?.kind === "prompt";
  return { ...blankTurn(role), content: isPrompt ? (assignment.prompt?.text ?? "") : "" };
}

/** Where the project says so, drafts come by themselves, once for each state of the thread. */
function useAutomaticDrafts(on: boolean, version: number, open: (version: number) => void): void {
  const asked = useRef<number | null>(null);
  useEffect(() => {
    if (!on || asked.current === version) return;
    asked.current = version;
    open(version);
  }, [on, open, version]);
}
