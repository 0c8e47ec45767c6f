import { Alert, Button, Text, VisuallyHidden } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { hasCode } from "@/api/errors";
import type { Assignment, Conversation, Message } from "@/api/types";
import { ActionButton, useActions } from "@/components/actions";
import { AwaitedSampling } from "@/components/SamplingNotice";
import { EditableTurn } from "@/components/thread/EditableTurn";
import { MostTurns } from "@/components/thread/MostTurns";
import { focusTurn, moveTurn } from "@/components/thread/moveTurn";
import { PromptCard } from "@/components/thread/PromptCard";
import { statusOfThread } from "@/components/thread/statusOfThread";
import { Turn } from "@/components/thread/Turn";
import { TurnEditor, type TurnEditorHandle } from "@/components/thread/TurnEditor";
import { blankTurn, NEXT_TURN } from "@/components/thread/turnText";
import { useComposed } from "@/components/thread/useComposed";
import { StaleThreadNotice, SubmitRefusal, useWorkTask, WorkFrame } from "@/components/work";
import { useHome } from "@/hooks/useHome";
import type { SaveStatus } from "@/lib/autosaver";
import { randomKey } from "@/lib/randomKey";

import {
  chatActions,
  continueAction,
  finishAction,
  regenerateAction,
  sendAction,
  stopAction,
  type ChatContext,
} from "./actions";
import { Feedback } from "./Feedback";
import { useFinishChat } from "./requests";
import { TryPicker } from "./TryPicker";
import { useChat } from "./useChat";
import { useStickToEnd } from "./useStickToEnd";

/** Whether the reply's policy would have gone on: it was stopped, or cut off at its longest. */
const isUnfinished = ({ finish_reason }: Message) =>
  finish_reason === "length" || finish_reason === "cancelled";

interface Props {
  slug: string;
  assignment: Assignment;
  initial: Conversation;
}

/** Talks with the assistant: replies stream in, can be stopped, tried again and judged. */
export function ChatThread({ slug, assignment, initial }: Props) {
  const { t } = useTranslation();
  const project = useHome(slug).data?.project;
  const task = useWorkTask(slug, assignment);
  const chat = useChat(assignment, initial);
  const finishing = useFinishChat(assignment.id);
  const [finishKey] = useState(randomKey);
  const [editing, setEditing] = useState<number | null>(null);
  const [readOnly, setReadOnly] = useState(false);
  const composer = useRef<TurnEditorHandle>(null);
  const { hasText, change: setWritten, read: readWritten } = useComposed();
  const [status, setStatus] = useState<SaveStatus>("unchanged");
  /** A message is on its way: what was typed after it would go with it, unsent. */
  const [sending, setSending] = useState(false);
  const { messages } = chat.conversation;
  const last = messages.at(-1);
  const waiting = chat.streaming !== null || chat.busy || readOnly;
  const nTurns = messages.filter(({ role }) => role !== "system").length;
  // A message and its reply.
  const full = project !== undefined && nTurns + 2 > project.max_turns;
  const hasReply = messages.some(({ role, content }) => role === "assistant" && content !== "");
  // The editor stays while its message is on the way, so that a refused one is still there.
  const position = chat.streaming === null ? messages.length : null;
  const composing = position !== null && editing === null && !readOnly;
  const awaited = chat.replying && chat.streaming === "";
  const end = useStickToEnd(chat.streaming);

  useEffect(() => {
    if (position === null) focusTurn(messages.length - 1);
    else if (position > 0) composer.current?.focus();
  }, [messages.length, position]);

  const send = async () => {
    const pending = readWritten();
    if (pending === null) return;
    const editor = composer.current;
    setSending(true);
    await chat.send(pending.content).finally(() => setSending(false));
    void editor?.clear();
    setWritten(null);
  };
  const finish = (personalDataConfirmed: boolean) =>
    finishing.mutate(
      { key: finishKey, personal_data_confirmed: personalDataConfirmed },
      { onSuccess: () => task.leave("submitted") },
    );
  const stale = hasCode(chat.error, "stale_version");
  const missing = readOnly
    ? t("work.readOnlyNote")
    : waiting
      ? t("chat.stillWriting")
      : editing !== null
        ? t("thread.unsavedEdit")
        : hasText
          ? t("chat.unsentText")
          : hasReply
            ? null
            : t("chat.noReplyYet");
  const context: ChatContext = {
    canSubmit: missing === null,
    missing,
    busy: finishing.isPending || task.leaving,
    submit: () => finish(false),
    openQuestions: () => task.setQuestionsOpen(true),
    openSkip: () => task.setSkipOpen(true),
    guideline: assignment.guideline?.id ?? null,
    openGuideline: () => task.setGuidelineOpen(true),
    canSend: hasText && !waiting,
    // A refused message stays in the editor, and the page tells why.
    send: () => void send().catch(() => undefined),
    replying: chat.replying,
    stop: () => void chat.stop().catch(() => undefined),
    canRegenerate: last?.role === "assistant" && !waiting,
    regenerate: () => void chat.regenerate().catch(() => undefined),
    canContinue: last?.role === "assistant" && isUnfinished(last) && !waiting,
    continueReply: () => void chat.continueReply().catch(() => undefined),
    moveTurn,
  };
  useActions(t("kinds.chat"), chatActions, context);

  return (
    <WorkFrame
      task={task}
      context={context}
      title={t("kinds.chat")}
      status={statusOfThread(status, messages.length, chat.busy)}
      error={(stale ? null : chat.error) ?? finishing.error}
      showsSampling={!awaited}
      submit={finishAction}
    >
      <PromptCard prompt={assignment.prompt} messages={messages} />
      {stale && (
        <StaleThreadNotice
          readOnly={readOnly}
          onReadOnly={() => setReadOnly(true)}
          onLoad={() => {
            setReadOnly(false);
            void chat.load();
          }}
        />
      )}
      {messages.map((message, index) => {
        const isReply = message.role === "assistant";
        const isLast = index === messages.length - 1;
        const streams = isLast && chat.streaming !== null;
        const isOwn = message.role === "user" && message.id !== 0;
        if (isOwn && editing === message.id) {
          return (
            <EditableTurn
              key={message.id}
              assignment={assignment}
              message={message}
              version={chat.conversation.version}
              editing
              busy={waiting}
              maxCharacters={project?.max_turn_characters}
              saveLabel={t("chat.resend")}
              onEdit={() => setEditing(message.id)}
              onCancel={() => setEditing(null)}
              onStatus={setStatus}
              onSave={async ({ content = "" }) => {
                await chat.send(content, message.id);
                setEditing(null);
              }}
            />
          );
        }
        return (
          <Turn
            // Another try takes the place of this one, under the same hands.
            key={index}
            role={message.role}
            content={message.content + (streams ? (chat.streaming ?? "") : "")}
            note={
              <TryPicker
                message={message}
                disabled={waiting}
                onChoose={(other) => void chat.showTry(other).catch(() => undefined)}
              />
            }
            tools={
              isOwn && (
                <Button
                  variant="subtle"
                  color="gray"
                  size="compact-xs"
                  disabled={waiting}
                  onClick={() => setEditing(message.id)}
                >
                  {t("thread.edit")}
                </Button>
              )
            }
          >
            {streams && chat.streaming === "" && (
              <Text size="sm" c="dimmed" mb="xs">
                {t("chat.thinking")}
              </Text>
            )}
            {isLast && awaited && <AwaitedSampling slug={slug} />}
            {isLast && chat.unanswered && (
              <Alert color="orange" role="alert">
                <Text size="sm">
                  {chat.failure?.detail ??
                    t(message.content === "" ? "chat.unanswered" : "chat.nothingAdded")}
                </Text>
                {message.content === "" && (
                  <ActionButton
                    action={regenerateAction}
                    context={context}
                    variant="subtle"
                    size="compact-sm"
                    mt="xs"
                  />
                )}
              </Alert>
            )}
            {isReply && message.content !== "" && !streams && (
              <>
                {isUnfinished(message) && (
                  <Text size="xs" c="dimmed">
                    {t(message.finish_reason === "length" ? "chat.cutOff" : "chat.stopped")}
                  </Text>
                )}
                <Feedback
                  key={message.id}
                  assignment={assignment.id}
                  message={message}
                  tools={
                    isLast &&
                    [...(isUnfinished(message) ? [continueAction] : []), regenerateAction].map(
                      (action) => (
                        <ActionButton
                          key={action.id}
                          action={action}
                          context={context}
                          variant="subtle"
                          color="gray"
                          size="compact-sm"
                        />
                      ),
                    )
                  }
                />
              </>
            )}
          </Turn>
        );
      })}
      <VisuallyHidden role="status">
        {chat.replying ? t("chat.thinking") : hasReply ? t("chat.replyDone") : ""}
      </VisuallyHidden>
      {chat.replying && (
        <ActionButton action={stopAction} context={context} variant="default" keyInside />
      )}
      <SubmitRefusal
        error={finishing.error}
        busy={finishing.isPending}
        onConfirm={() => finish(true)}
      />
      {composing && full && <MostTurns most={project.max_turns} />}
      {composing && !full && (
        <TurnEditor
          ref={composer}
          assignment={assignment.id}
          position={NEXT_TURN}
          after={messages}
          version={chat.conversation.version}
          showsWindow
          autosaves={assignment.autosaves}
          original={{
            ...blankTurn("user"),
            content:
              position === 0 && assignment.prompt?.kind === "prompt" ? assignment.prompt.text : "",
          }}
          roles={["user"]}
          preview={false}
          sending={sending}
          maxCharacters={project?.max_turn_characters}
          label={t("chat.message")}
          placeholder={t("chat.placeholder")}
          onChange={setWritten}
          onStatus={setStatus}
          onEnter={() => {
            if (context.canSend) context.send();
          }}
          focusAtOnce
          buttons={<ActionButton action={sendAction} context={context} keyInside />}
        />
      )}
      <div ref={end} />
    </WorkFrame>
  );
}
