import { useMutation } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { RankingRequest } from "@/api/types";

/** `settle` brings what is being saved to its end: a save after the submission would be refused. */
export function useSubmitRanking(assignment: number, settle: () => Promise<unknown>) {
  return useMutation({
    mutationFn: async (body: RankingRequest) => {
      await settle();
      return await unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/ranking/", {
          params: { path: { assignment_id: assignment } },
          body,
        }),
      );
    },
  });
}
