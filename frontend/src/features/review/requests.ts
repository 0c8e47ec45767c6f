import { useMutation } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { ReviewRequest } from "@/api/types";

const path = (assignment: number) => ({ params: { path: { assignment_id: assignment } } });

export function useSubmitReview(assignment: number) {
  return useMutation({
    mutationFn: (body: ReviewRequest) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/review/", { ...path(assignment), body }),
      ),
  });
}
