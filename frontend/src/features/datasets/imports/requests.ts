import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import { UnreachableError } from "@/api/errors";
import type { Upload, UploadRequest } from "@/api/types";
import { readStored, writeStored } from "@/lib/preferences";

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
  signal?: AbortSignal;
  onSent: (bytes: number) => void;
}

interface New extends Sending {
  body: Omit<UploadRequest, "file_name" | "n_bytes">;
}

interface Rest extends Sending {
  upload: Upload;
}

/** Announces a file and sends it part by part: never more of it than one part is in memory. */
export function useSendFile(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ body, ...sending }: New) => {
      const { file } = sending;
      const upload = await unwrap(
        client.POST("/api/v1/projects/{slug}/uploads/", {
          params: { path: { slug } },
          body: { ...body, file_name: file.name, n_bytes: file.size },
        }),
      );
      writeStored(sentKey(upload.id), file.lastModified);
      await sendParts(upload.id, everyPart(upload), upload.part_bytes, sending);
    },
    onSettled: () => cache.invalidateQueries({ queryKey: uploadsKey(slug) }),
  });
}

/** Sends the parts of a file that have not come; all of them where it may have changed since the others
 * were sent, for parts of two files would make a third. */
export function useSendRest(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ upload, ...sending }: Rest) => {
      const { id, part_bytes: partBytes } = upload;
      const { lastModified } = sending.file;
      const sameFile = readStored(sentKey(id), (kept) => kept === lastModified) ?? false;
      writeStored(sentKey(id), lastModified);
      let numbers = sameFile ? upload.parts_missing : everyPart(upload);
      // No more than the first missing ones are named at once.
      while (numbers.length > 0) {
        numbers = (await sendParts(id, numbers, partBytes, sending))?.parts_missing ?? [];
      }
    },
    onSettled: () => cache.invalidateQueries({ queryKey: uploadsKey(slug) }),
  });
}

/** Of which file parts were sent, as far as this browser can tell. */
const sentKey = (id: number) => `labelhub.upload.${id}`;

/** Missing ones last: with the last of them the file counts as whole. */
const everyPart = ({ n_parts: count, parts_missing: missing }: Upload) =>
  Array.from({ length: count }, (_, number) => number).sort(
    (one, other) => Number(missing.includes(one)) - Number(missing.includes(other)) || one - other,
  );

/** The upload after the last of these parts; nothing where it was called off. */
async function sendParts(
  id: number,
  numbers: readonly number[],
  partBytes: number,
  { file, signal, onSent }: Sending,
): Promise<Upload | undefined> {
  let upload: Upload | undefined;
  for (const number of numbers) {
    if (signal?.aborted) {
      await cancelUpload(id);
      return undefined;
    }
    const start = number * partBytes;
    const part = file.slice(start, start + partBytes);
    upload = await sendPart(id, number, part);
    onSent(start + part.size);
  }
  return upload;
}

async function sendPart(id: number, number: number, part: Blob): Promise<Upload> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await unwrap(
        client.PUT("/api/v1/uploads/{upload_id}/parts/{number}/", {
          params: { path: { upload_id: id, number } },
          headers: { "Content-Type": "application/octet-stream" },
          // The types know bytes as a string.
          body: part as unknown as string,
          bodySerializer: (content) => content,
        }),
      );
    } catch (error) {
      const wait = AGAIN_MILLISECONDS[attempt];
      if (wait === undefined || !(error instanceof UnreachableError)) throw error;
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
