import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api/errors";

/** A refusal is an answer and stays one; only an unreachable or failing server is asked again. */
function mayRetry(failures: number, error: Error): boolean {
  if (error instanceof ApiError && error.status < 500) return false;
  return failures < 3;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: mayRetry, staleTime: 15_000 } },
  });
}
