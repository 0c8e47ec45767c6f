import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

export const homeKey = (slug: string) => ["home", slug] as const;

export const homeQuery = (slug: string) =>
  queryOptions({
    queryKey: homeKey(slug),
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/home/", { params: { path: { slug } } })),
  });

export const useHome = (slug: string) => useQuery(homeQuery(slug));

export const guidelineQuery = (id: number) =>
  queryOptions({
    queryKey: ["guideline", id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/guidelines/{guideline_id}/", {
          params: { path: { guideline_id: id } },
        }),
      ),
    // A version never changes; only its acknowledgement does, and that invalidates it.
    staleTime: Infinity,
  });

export function useAcknowledgeGuideline(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      unwrap(
        client.POST("/api/v1/guidelines/{guideline_id}/acknowledgement/", {
          params: { path: { guideline_id: id } },
        }),
      ),
    onSuccess: async (_, id) => {
      await Promise.all([
        cache.invalidateQueries({ queryKey: guidelineQuery(id).queryKey }),
        cache.invalidateQueries({ queryKey: homeKey(slug) }),
      ]);
    },
  });
}

/** Whether the machine that writes drafts and replies keeps up; asked often only while it does not. */
export const samplingQuery = (slug: string) =>
  queryOptions({
    queryKey: ["sampling", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/sampling/", { params: { path: { slug } } })),
    refetchInterval: (query) => (query.state.data?.state === "ok" ? 30_000 : 5_000),
  });
