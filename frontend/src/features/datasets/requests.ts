import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Export, ExportRequest } from "@/api/types";

const RUNNING_MILLISECONDS = 1_000;

export const isUnderWay = ({ state }: Export): boolean => state === "queued" || state === "running";

const exportsKey = (slug: string) => ["exports", slug] as const;

export const exportsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: exportsKey(slug),
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/exports/", {
          params: { path: { slug }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** One export, asked for every second while it is being written. */
export const exportQuery = (row: Export) =>
  queryOptions({
    queryKey: ["export", row.id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/exports/{export_id}/", { params: { path: { export_id: row.id } } }),
      ),
    initialData: row,
    enabled: isUnderWay(row),
    refetchInterval: (query) =>
      query.state.data && isUnderWay(query.state.data) ? RUNNING_MILLISECONDS : false,
  });

export const formatsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["export-formats", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/export-formats/", { params: { path: { slug } } })),
    staleTime: Infinity,
  });

/** What such an export would hold; the last answer stands until the next one comes. */
export const previewQuery = (slug: string, body: ExportRequest) =>
  queryOptions({
    queryKey: ["export-preview", slug, body],
    queryFn: () =>
      unwrap(
        client.POST("/api/v1/projects/{slug}/exports/preview/", {
          params: { path: { slug } },
          body,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 0,
    retry: false,
  });

export function useStartExport(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: ExportRequest) =>
      unwrap(client.POST("/api/v1/projects/{slug}/exports/", { params: { path: { slug } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: exportsKey(slug) }),
  });
}

export function useCancelExport(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      unwrap(
        client.POST("/api/v1/exports/{export_id}/cancel/", { params: { path: { export_id: id } } }),
      ),
    onSuccess: (_, id) =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ["export", id] }),
        cache.invalidateQueries({ queryKey: exportsKey(slug) }),
      ]),
  });
}
