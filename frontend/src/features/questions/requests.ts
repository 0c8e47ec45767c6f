import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import { homeKey } from "@/hooks/useHome";

const listKey = (slug: string) => ["asked", slug] as const;

export const askedQuery = (slug: string, open: boolean) =>
  infiniteQueryOptions({
    queryKey: [...listKey(slug), open],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/questions/", {
          params: { path: { slug }, query: { cursor: pageParam, open } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

export function useAnswer(slug: string, question: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { answer: string; pin: boolean }) =>
      unwrap(
        client.POST("/api/v1/questions/{question_id}/answer/", {
          params: { path: { question_id: question } },
          body,
        }),
      ),
    onSuccess: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: listKey(slug) }),
        cache.invalidateQueries({ queryKey: homeKey(slug) }),
      ]),
  });
}
