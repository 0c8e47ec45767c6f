import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { PersonalDataDecision } from "@/api/types";

const holdsKey = (slug: string) => ["personal-data", slug] as const;

export const holdsQuery = (slug: string, decided: boolean) =>
  infiniteQueryOptions({
    queryKey: [...holdsKey(slug), decided],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/personal-data/", {
          params: { path: { slug }, query: { decided, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

export function useDecide(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, decision }: { id: number; decision: PersonalDataDecision }) =>
      unwrap(
        client.POST("/api/v1/personal-data/{hold_id}/decision/", {
          params: { path: { hold_id: id } },
          body: { decision },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: holdsKey(slug) }),
  });
}
