import { useMutation } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { RankingRequest } from "@/api/types";

export function useSubmitRanking(assignment: number) {
  return useMutation({
    mutationFn: (body: RankingRequest) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/ranking/", {
          params: { path: { assignment_id: assignment } },
          body,
        }),
      ),
  });
}
