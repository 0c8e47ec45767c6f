import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import { UnreachableError } from "@/api/errors";
import type { Upload, UploadRequest } from "@/api/types";

const RUNNING_MILLISECONDS = 1_000;
/** How long to wait before a part that did not get through is sent again. */
const AGAIN_MILLISECONDS = [500, 2_000, 8_000];

export const isUnderWay = ({ state }: Upload): boolean => state === "queued" || state === "running";

const uploadsKey = (slug: string) => ["uploads", slug] as const;

export const uploadsQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: uploadsKey(slug),
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/uploads/", {
          params: { path: { slug }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** One upload, asked for every second while it is being read. */
export const uploadQuery = (row: Upload) =>
  queryOptions({
    queryKey: ["upload", row.id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/uploads/{upload_id}/", { params: { path: { upload_id: row.id } } }),
      ),
    initialData: row,
    enabled: isUnderWay(row),
    refetchInterval: (query) =>
      query.state.data && isUnderWay(query.state.data) ? RUNNING_MILLISECONDS : false,
  });

export const rejectsQuery = (id: number) =>
  infiniteQueryOptions({
    queryKey: ["rejects", id],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/uploads/{upload_id}/rejects/", {
          params: { path: { upload_id: id }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

interface Sending {
  file: File;
  body: Omit<UploadRequest, "file_name" | "n_bytes">;
  signal: AbortSignal;
  onSent: (bytes: number) => void;
}

/** Sends a file part by part: never more of it than one part is in memory. */
export function useSendFile(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, body, signal, onSent }: Sending) => {
      const upload = await unwrap(
        client.POST("/api/v1/projects/{slug}/uploads/", {
          params: { path: { slug } },
          body: { ...body, file_name: file.name, n_bytes: file.size },
        }),
      );
      for (let number = 0; number < upload.n_parts; number += 1) {
        if (signal.aborted) {
          await cancelUpload(upload.id);
          return;
        }
        const start = number * upload.part_bytes;
        const part = file.slice(start, start + upload.part_bytes);
        await sendPart(upload.id, number, part);
        onSent(start + part.size);
      }
    },
    onSettled: () => cache.invalidateQueries({ queryKey: uploadsKey(slug) }),
  });
}

async function sendPart(id: number, number: number, part: Blob): Promise<void> {
  for (const wait of [...AGAIN_MILLISECONDS, null]) {
    try {
      await unwrap(
        client.PUT("/api/v1/uploads/{upload_id}/parts/{number}/", {
          params: { path: { upload_id: id, number } },
          headers: { "Content-Type": "application/octet-stream" },
          // The types know bytes as a string.
          body: part as unknown as string,
          bodySerializer: (content) => content,
        }),
      );
      return;
    } catch (error) {
      if (wait === null || !(error instanceof UnreachableError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

const cancelUpload = (id: number) =>
  unwrap(
    client.POST("/api/v1/uploads/{upload_id}/cancel/", { params: { path: { upload_id: id } } }),
  );

export function useCancelUpload(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: cancelUpload,
    onSuccess: (_, id) =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ["upload", id] }),
        cache.invalidateQueries({ queryKey: uploadsKey(slug) }),
      ]),
  });
}
