import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { GoldMarkRequest } from "@/api/types";

const REFRESH_MILLISECONDS = 15_000;
const SAMPLING_MILLISECONDS = 3_000;

export const figuresQuery = (slug: string) =>
  queryOptions({
    queryKey: ["figures", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/figures/", { params: { path: { slug } } })),
    refetchInterval: REFRESH_MILLISECONDS,
  });

export const draftTrialQuery = (slug: string) =>
  queryOptions({
    queryKey: ["draft-trial", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/draft-trial/", { params: { path: { slug } } })),
  });

export function useRefreshFigures(slug: string) {
  return useMutation({
    mutationFn: () =>
      unwrap(client.POST("/api/v1/projects/{slug}/figures/", { params: { path: { slug } } })),
  });
}

export const myFiguresQuery = (slug: string) =>
  queryOptions({
    queryKey: ["my-figures", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/figures/mine/", { params: { path: { slug } } })),
  });

export function useBeginExam(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () =>
      unwrap(client.POST("/api/v1/projects/{slug}/exam/", { params: { path: { slug } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: myFiguresQuery(slug).queryKey }),
  });
}

export const comparisonQuery = (id: number) =>
  queryOptions({
    queryKey: ["comparison", id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/comparisons/{comparison_id}/", {
          params: { path: { comparison_id: id } },
        }),
      ),
    refetchInterval: ({ state }) => state.data?.state === "sampling" && SAMPLING_MILLISECONDS,
  });

export function useMarkGold(id: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: GoldMarkRequest) =>
      unwrap(
        client.POST("/api/v1/comparisons/{comparison_id}/gold/", {
          params: { path: { comparison_id: id } },
          body,
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["comparison", id] }),
  });
}
