import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import { hasCode } from "@/api/errors";
import { sessionQuery } from "@/hooks/useSession";

export const consentQuery = queryOptions({
  queryKey: ["consent"],
  queryFn: () => unwrap(client.GET("/api/v1/consent/")),
});

export function useGiveConsent() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { version: number; purposes: string[] }) =>
      unwrap(client.POST("/api/v1/consent/", { body })),
    onSuccess: (me) => cache.setQueryData(sessionQuery.queryKey, me),
    onError: async (error) => {
      if (hasCode(error, "consent_outdated")) {
        await cache.invalidateQueries({ queryKey: consentQuery.queryKey });
      }
    },
  });
}
