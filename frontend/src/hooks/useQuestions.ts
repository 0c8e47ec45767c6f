import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const path = (assignment: number) => ({ params: { path: { assignment_id: assignment } } });

/** One's questions about a task with their answers, and the rulings on such tasks. */
export const questionsQuery = (assignment: number) =>
  queryOptions({
    queryKey: ["questions", assignment],
    queryFn: () =>
      unwrap(client.GET("/api/v1/assignments/{assignment_id}/questions/", { ...path(assignment) })),
  });

export function useAsk(assignment: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { text: string; release: boolean }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/questions/", {
          ...path(assignment),
          body,
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: questionsQuery(assignment).queryKey }),
  });
}

/** Has a manager look at the task. */
export function useFlag(assignment: number) {
  return useMutation({
    mutationFn: (text: string) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/flags/", {
          ...path(assignment),
          body: { text },
        }),
      ),
  });
}
