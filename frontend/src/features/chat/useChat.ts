import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";

import { isEnded } from "@/api/generationProgress";
import { cancelGeneration } from "@/api/generations";
import type { Assignment, Conversation } from "@/api/types";
import { useGeneration } from "@/hooks/useGeneration";
import { assignmentQuery } from "@/hooks/useWork";
import { randomKey } from "@/lib/randomKey";

import { useBranch, useContinue, useRegenerate, useSendTurn } from "./requests";

/** How often to ask for a reply that has ended but is not in the conversation yet. */
const SETTLE_MILLISECONDS = 1_000;

/** The live conversation: what was said, the reply being written, and what can be done about it. */
export function useChat(assignment: Assignment, initial: Conversation) {
  const sendTurn = useSendTurn(assignment.id);
  const regenerate = useRegenerate(assignment.id);
  const continuing = useContinue(assignment.id);
  const branch = useBranch(assignment.id);
  const mutations = [sendTurn, regenerate, continuing, branch];
  const cache = useQueryClient();
  // One key for each turn: sending it again after a lost answer must not say it twice.
  const sent = useRef<{ key: string; content: string; edits?: number } | null>(null);
  const query = assignmentQuery(assignment.id);

  const writing = (conversation: Conversation) => conversation.messages.at(-1)?.generation ?? null;
  const conversation = assignment.conversation ?? initial;
  const generation = writing(conversation);
  const progress = useGeneration(generation);
  const ended = generation !== null && isEnded(progress);
  const said = progress.completions[0]?.text ?? "";
  // A reply that failed, or was stopped before a word, never becomes a message.
  const unanswered = ended && (progress.state === "failed" || said.trim() === "");
  // The stream ends a moment before the reply is stored as a message.
  useQuery({
    ...query,
    enabled: ended && !unanswered,
    staleTime: 0,
    refetchInterval: SETTLE_MILLISECONDS,
  });

  return {
    conversation,
    /** The text so far of the reply being written, or of what one goes on with; null while none is. */
    streaming: generation === null || unanswered ? null : said,
    replying: generation !== null && !ended,
    /** No reply came to the last message: another can be asked for, or another message sent. */
    unanswered,
    failure: progress.error,
    send: async (content: string, edits?: number) => {
      const before = sent.current;
      const again = before?.content === content && before.edits === edits;
      const turn = again ? before : { key: randomKey(), content, edits };
      sent.current = turn;
      await sendTurn.mutateAsync({ ...turn, version: conversation.version });
      sent.current = null;
    },
    showTry: (message: number) => branch.mutateAsync({ version: conversation.version, message }),
    /** Takes the version that another tab saved. */
    load: async () => {
      sent.current = null;
      await cache.invalidateQueries({ queryKey: query.queryKey });
      mutations.forEach((mutation) => mutation.reset());
    },
    regenerate: () => regenerate.mutateAsync(conversation.version),
    continueReply: () => continuing.mutateAsync(conversation.version),
    stop: async () => {
      if (generation !== null) await cancelGeneration(generation);
    },
    busy: mutations.some((mutation) => mutation.isPending),
    error: mutations.find((mutation) => mutation.error !== null)?.error ?? null,
  };
}
