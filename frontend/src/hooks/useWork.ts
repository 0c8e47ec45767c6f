import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Assignment, SkipReason, TaskKind } from "@/api/types";

import { homeKey } from "./useHome";

export const assignmentQuery = (id: number) =>
  queryOptions({
    queryKey: ["assignment", id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/assignments/{assignment_id}/", {
          params: { path: { assignment_id: id } },
        }),
      ),
    // The page that works on it holds the newest state; a refetch underneath would fight with it.
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });

export const useAssignment = (id: number) => useQuery(assignmentQuery(id));

/** Takes the task in hand, or the next one of this kind. */
export function useClaim(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (wanted: { kind: TaskKind; returned?: number }): Promise<Assignment> =>
      unwrap(
        client.POST("/api/v1/projects/{slug}/claims/", {
          params: { path: { slug } },
          body: wanted,
        }),
      ),
    onSuccess: (assignment) => {
      cache.setQueryData(assignmentQuery(assignment.id).queryKey, assignment);
    },
    onSettled: () => cache.invalidateQueries({ queryKey: homeKey(slug) }),
  });
}

export function useSkip(assignment: number) {
  return useMutation({
    mutationFn: (body: { reason: SkipReason; comment: string }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/skip/", {
          params: { path: { assignment_id: assignment } },
          body,
        }),
      ),
  });
}
