import { useMutation } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const path = (assignment: number) => ({ params: { path: { assignment_id: assignment } } });

export function useRequestDrafts(assignment: number) {
  return useMutation({
    mutationFn: (body: { version: number; temperature?: number }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/drafts/", { ...path(assignment), body }),
      ),
  });
}

export function useSubmitDemonstration(assignment: number) {
  return useMutation({
    mutationFn: (body: { key: string; version: number; personal_data_confirmed: boolean }) =>
      unwrap(
        client.POST("/api/v1/assignments/{assignment_id}/demonstration/", {
          ...path(assignment),
          body,
        }),
      ),
  });
}

/** What became of a draft that was shown, for the ledger. */
export function useReportDraft() {
  return useMutation({
    mutationFn: ({
      id,
      ...body
    }: {
      id: number;
      outcome?: "dismissed" | "stale";
      on_screen_seconds: number;
      text_as_shown: string;
    }) =>
      unwrap(
        client.PATCH("/api/v1/drafts/{draft_id}/", { params: { path: { draft_id: id } }, body }),
      ),
    // The ledger matters more than one lost connection.
    retry: 3,
  });
}
