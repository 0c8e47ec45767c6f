import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";

const daysKey = (slug: string) => ["time", slug] as const;
const contestsKey = (slug: string) => ["time-contests", slug] as const;

export const daysQuery = (slug: string, month: string) =>
  queryOptions({
    queryKey: [...daysKey(slug), month],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/time/", {
          params: { path: { slug }, query: { month } },
        }),
      ),
    placeholderData: (previous) => previous,
  });

export const contestsQuery = (slug: string) =>
  queryOptions({
    queryKey: contestsKey(slug),
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/time-contests/", { params: { path: { slug } } })),
  });

export function useContest(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { day: string; claimed_seconds: number; text: string }) =>
      unwrap(client.POST("/api/v1/projects/{slug}/time/", { params: { path: { slug } }, body })),
    onSuccess: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: daysKey(slug) }),
        cache.invalidateQueries({ queryKey: contestsKey(slug) }),
      ]),
  });
}

export function useDecide(slug: string, contest: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { granted_seconds: number; answer: string }) =>
      unwrap(
        client.POST("/api/v1/time-contests/{contest_id}/decision/", {
          params: { path: { contest_id: contest } },
          body,
        }),
      ),
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: contestsKey(slug) }),
        cache.invalidateQueries({ queryKey: daysKey(slug) }),
      ]),
  });
}

/** The address of the monthly file. */
export const monthFile = (slug: string, month: string): string =>
  `/api/v1/projects/${encodeURIComponent(slug)}/time-export/?month=${encodeURIComponent(month)}`;
