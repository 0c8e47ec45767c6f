import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { DeclarationRequest } from "@/api/types";
import { homeKey } from "@/hooks/useHome";

const path = (slug: string) => ({ params: { path: { slug } } });

export const declarationQuery = (slug: string) =>
  queryOptions({
    queryKey: ["declaration", slug],
    queryFn: () => unwrap(client.GET("/api/v1/projects/{slug}/declaration/", { ...path(slug) })),
  });

export function useDeclare(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: DeclarationRequest) =>
      unwrap(client.PUT("/api/v1/projects/{slug}/declaration/", { ...path(slug), body })),
    onSuccess: (declared) => {
      cache.setQueryData(declarationQuery(slug).queryKey, declared);
      return cache.invalidateQueries({ queryKey: homeKey(slug) });
    },
  });
}
