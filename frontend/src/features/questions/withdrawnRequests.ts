import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const listKey = (slug: string) => ["withdrawn", slug] as const;

export const withdrawnQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: listKey(slug),
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/withdrawn/", {
          params: { path: { slug }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

export function usePutBack(slug: string, task: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (text: string | undefined) =>
      unwrap(
        client.POST("/api/v1/tasks/{task_id}/put-back/", {
          params: { path: { task_id: task } },
          body: text === undefined ? {} : { text },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: listKey(slug) }),
  });
}

export function useDrop(slug: string, task: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () =>
      unwrap(client.POST("/api/v1/tasks/{task_id}/drop/", { params: { path: { task_id: task } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: listKey(slug) }),
  });
}
