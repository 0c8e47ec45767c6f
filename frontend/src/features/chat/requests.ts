import { useMutation } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const path = (assignment: number) => ({ params: { path: { assignment_id: assignment } } });

export function useSendTurn(assignment: number) {
  return useMutation({
    mutationFn: (body: { key: string; content: string; version: number }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/turns/", { ...path(assignment), body }),
      ),
  });
}

export function useRegenerate(assignment: number) {
  return useMutation({
    mutationFn: (version: number) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/regenerate/", {
          ...path(assignment),
          body: { version },
        }),
      ),
  });
}

export function useFinishChat(assignment: number) {
  return useMutation({
    mutationFn: (key: string) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/chat/", {
          ...path(assignment),
          body: { key },
        }),
      ),
  });
}

export function useSendFeedback() {
  return useMutation({
    mutationFn: ({
      message,
      ...body
    }: {
      message: number;
      thumb: "up" | "down";
      comment: string;
    }) =>
      unwrap(
        client.POST("/api/v1/messages/{message_id}/feedback/", {
          params: { path: { message_id: message } },
          body: { ...body, reasons: [], rewrite: "" },
        }),
      ),
  });
}
