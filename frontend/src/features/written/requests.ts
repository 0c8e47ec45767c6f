import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { WrittenGroup } from "@/api/types";
import { homeKey } from "@/hooks/useHome";
import { assignmentQuery } from "@/hooks/useWork";

export const WRITTEN_GROUPS = [
  "in_progress",
  "submitted",
  "returned",
  "approved",
  "finished",
  "closed",
] as const satisfies readonly WrittenGroup[];

const listKey = (slug: string) => ["conversations", slug] as const;

export const conversationsQuery = (slug: string, group: WrittenGroup | null, search: string) =>
  infiniteQueryOptions({
    queryKey: [...listKey(slug), group, search],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/conversations/", {
          params: {
            path: { slug },
            query: {
              cursor: pageParam,
              ...(group === null ? {} : { group }),
              ...(search === "" ? {} : { search }),
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    // The list stays in sight while the next one is fetched.
    placeholderData: (previous) => previous,
  });

export const conversationQuery = (id: number) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/conversations/{conversation_id}/", {
          params: { path: { conversation_id: id } },
        }),
      ),
  });

/** Takes a submission back, to be changed and handed in again. */
export function useAmend(slug: string, conversation: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (assignment: number) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/amend/", {
          params: { path: { assignment_id: assignment } },
        }),
      ),
    onSettled: (_, __, assignment) => {
      // What the work page remembers of it was handed in.
      cache.removeQueries({ queryKey: assignmentQuery(assignment).queryKey });
      return Promise.all([
        cache.invalidateQueries({ queryKey: conversationQuery(conversation).queryKey }),
        cache.invalidateQueries({ queryKey: listKey(slug) }),
        cache.invalidateQueries({ queryKey: homeKey(slug) }),
      ]);
    },
  });
}
