import { queryOptions } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const REFRESH_MILLISECONDS = 10_000;

export const progressQuery = (slug: string) =>
  queryOptions({
    queryKey: ["progress", slug],
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/progress/", { params: { path: { slug } } })),
    refetchInterval: REFRESH_MILLISECONDS,
  });
