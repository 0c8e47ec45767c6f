import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Lengths, Message } from "@/api/types";

const PAUSE_MILLISECONDS = 600;

/** The tokens of the turn being written, counted by the policy's own tokenizer after each pause. */
export function useLengths(
  assignment: number,
  version: number,
  role: Message["role"],
  content: string,
): Lengths | null {
  const [settled] = useDebouncedValue(content, PAUSE_MILLISECONDS);
  const lengths = useQuery({
    queryKey: ["lengths", assignment, version, role, settled],
    queryFn: () =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/lengths/", {
          params: { path: { assignment_id: assignment } },
          body: { role, content: settled },
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
