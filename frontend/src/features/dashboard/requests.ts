import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const REFRESH_MILLISECONDS = 10_000;

export const progressQuery = (slug: string) =>
  queryOptions({
    queryKey: ["progress", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/progress/", { params: { path: { slug } } })),
    refetchInterval: REFRESH_MILLISECONDS,
  });

export const pickRunsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ["pick-runs", slug],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/pick-runs/", {
          params: { path: { slug }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

export function useStartPickRun(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { n_wanted: number; seed: number | null }) =>
      unwrap(
        client.POST("/api/v1/projects/{slug}/pick-runs/", { params: { path: { slug } }, body }),
      ),
    onSuccess: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ["pick-runs", slug] }),
        cache.invalidateQueries({ queryKey: ["progress", slug] }),
      ]),
  });
}

export const failedComparisonsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["failed-comparisons", slug],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/comparisons/", {
          params: { path: { slug }, query: { state: "failed" } },
        }),
      ),
    refetchInterval: REFRESH_MILLISECONDS,
  });

export function useRetryComparison(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      unwrap(
        client.POST("/api/v1/comparisons/{comparison_id}/retry/", {
          params: { path: { comparison_id: id } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["failed-comparisons", slug] }),
  });
}
