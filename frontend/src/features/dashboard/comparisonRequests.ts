import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type {
  ComparisonSettings,
  ComparisonState,
  PickRunRequest,
  RatingSchemaRequest,
} from "@/api/types";

const REFRESH_MILLISECONDS = 10_000;

const ofProject = (slug: string) => ({ params: { path: { slug } } });

/** Comparisons by state, by hour, and what a run could draw from. */
export const makingQuery = (slug: string) =>
  queryOptions({
    queryKey: ["comparisons", slug, "making"],
    queryFn: () => unwrap(client.GET("/api/v1/projects/{slug}/making/", ofProject(slug))),
    refetchInterval: REFRESH_MILLISECONDS,
  });

export const pickRunsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ["comparisons", slug, "runs"],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/pick-runs/", {
          params: { path: { slug }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: REFRESH_MILLISECONDS,
  });

export const comparisonsQuery = (slug: string, state: ComparisonState) =>
  infiniteQueryOptions({
    queryKey: ["comparisons", slug, "list", state],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/comparisons/", {
          params: { path: { slug }, query: { state, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

export const settingsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["comparison-settings", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/comparison-settings/", ofProject(slug))),
  });

export const flagsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["comparisons", slug, "flags"],
    queryFn: () => unwrap(client.GET("/api/v1/projects/{slug}/flags/", ofProject(slug))),
    refetchInterval: REFRESH_MILLISECONDS,
  });

/** Whatever changes a comparison changes its run, its list and the counts, here and on Progress. */
function useChange<Input, Output>(slug: string, mutationFn: (input: Input) => Promise<Output>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ["comparisons", slug] }),
        cache.invalidateQueries({ queryKey: ["comparison"] }),
        cache.invalidateQueries({ queryKey: ["progress", slug] }),
      ]),
  });
}

export const useStartPickRun = (slug: string) =>
  useChange(slug, (body: PickRunRequest) =>
    unwrap(client.POST("/api/v1/projects/{slug}/pick-runs/", { ...ofProject(slug), body })),
  );

export const useCancelRun = (slug: string) =>
  useChange(slug, (id: number) =>
    unwrap(client.POST("/api/v1/pick-runs/{run_id}/cancel/", { params: { path: { run_id: id } } })),
  );

export const useRetryComparison = (slug: string) =>
  useChange(slug, (id: number) =>
    unwrap(
      client.POST("/api/v1/comparisons/{comparison_id}/retry/", {
        params: { path: { comparison_id: id } },
      }),
    ),
  );

export const useRetryAll = (slug: string) =>
  useChange(slug, (state: "failed" | "cancelled") =>
    unwrap(
      client.POST("/api/v1/projects/{slug}/comparisons/retry/", {
        ...ofProject(slug),
        body: { state },
      }),
    ),
  );

/** Makes a comparison again with other candidates; answers with the one that takes its place. */
export const useResample = (slug: string) =>
  useChange(slug, (id: number) =>
    unwrap(
      client.POST("/api/v1/comparisons/{comparison_id}/resample/", {
        params: { path: { comparison_id: id } },
      }),
    ),
  );

export const useSettleFlag = (slug: string) =>
  useChange(slug, ({ id, outcome }: { id: number; outcome: "noted" | "withdrawn" }) =>
    unwrap(
      client.POST("/api/v1/flags/{flag_id}/settlement/", {
        params: { path: { flag_id: id } },
        body: { outcome },
      }),
    ),
  );

export function useChangeSettings(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: ComparisonSettings) =>
      unwrap(
        client.PATCH("/api/v1/projects/{slug}/comparison-settings/", { ...ofProject(slug), body }),
      ),
    onSuccess: (settings) => cache.setQueryData(settingsQuery(slug).queryKey, settings),
  });
}

export const ratingSchemasQuery = (slug: string) =>
  queryOptions({
    queryKey: ["rating-schemas", slug],
    queryFn: () => unwrap(client.GET("/api/v1/projects/{slug}/rating-schemas/", ofProject(slug))),
  });

export function usePublishRatingSchema(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: RatingSchemaRequest) =>
      unwrap(client.POST("/api/v1/projects/{slug}/rating-schemas/", { ...ofProject(slug), body })),
    onSuccess: (schemas) => cache.setQueryData(ratingSchemasQuery(slug).queryKey, schemas),
  });
}
