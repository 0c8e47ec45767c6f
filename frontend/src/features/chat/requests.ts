import { useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Conversation, FeedbackRequest } from "@/api/types";
import { assignmentQuery } from "@/hooks/useWork";

const path = (assignment: number) => ({ params: { path: { assignment_id: assignment } } });

/** Puts the newest conversation where the page reads it, before the request counts as done. */
function useShowConversation(assignment: number) {
  const cache = useQueryClient();
  return (conversation: Conversation) => {
    cache.setQueryData(assignmentQuery(assignment).queryKey, (cached) =>
      cached === undefined ? cached : { ...cached, conversation },
    );
  };
}

export function useSendTurn(assignment: number) {
  return useMutation({
    onSuccess: useShowConversation(assignment),
    mutationFn: (body: { key: string; content: string; version: number; edits?: number }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/turns/", { ...path(assignment), body }),
      ),
  });
}

export function useRegenerate(assignment: number) {
  return useMutation({
    onSuccess: useShowConversation(assignment),
    mutationFn: (version: number) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/regenerate/", {
          ...path(assignment),
          body: { version },
        }),
      ),
  });
}

export function useContinue(assignment: number) {
  return useMutation({
    onSuccess: useShowConversation(assignment),
    mutationFn: (version: number) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/continue/", {
          ...path(assignment),
          body: { version },
        }),
      ),
  });
}

export function useBranch(assignment: number) {
  return useMutation({
    onSuccess: useShowConversation(assignment),
    mutationFn: (body: { version: number; message: number }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/branch/", { ...path(assignment), body }),
      ),
  });
}

export function useFinishChat(assignment: number) {
  return useMutation({
    mutationFn: (body: { key: string; personal_data_confirmed: boolean }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/chat/", { ...path(assignment), body }),
      ),
  });
}

export function useSendFeedback() {
  return useMutation({
    mutationFn: ({ message, ...body }: FeedbackRequest & { message: number }) =>
      unwrap(
        client.POST("/api/v1/messages/{message_id}/feedback/", {
          params: { path: { message_id: message } },
          body,
        }),
      ),
  });
}
