import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Lengths, Message } from "@/api/types";

/** The tokens of a turn, counted by the policy's own tokenizer. */
export function useLengths(
  assignment: number,
  version: number,
  role: Message["role"],
  content: string,
): Lengths | null {
  const lengths = useQuery({
    queryKey: ["lengths", assignment, version, role, content],
    queryFn: () =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/lengths/", {
          params: { path: { assignment_id: assignment } },
          body: { role, content },
        }),
      ),
    placeholderData: keepPreviousData,
    // A count is worth nothing later.
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
  });
  return lengths.data ?? null;
}
