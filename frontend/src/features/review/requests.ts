import { useMutation } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { ReviewRequest } from "@/api/types";

const path = (assignment: number) => ({ params: { path: { assignment_id: assignment } } });

/** `settle` brings what is being saved to its end: a save after the verdict would be refused. */
export function useSubmitReview(assignment: number, settle: () => Promise<unknown>) {
  return useMutation({
    mutationFn: async (body: ReviewRequest) => {
      await settle();
      return await unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/review/", { ...path(assignment), body }),
      );
    },
  });
}
