import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { NewPrompt, PromptChanges, PromptPlanRequest, PromptsShown } from "@/api/types";

import { partsOf } from "./promptParts";

export const SHOWN = [
  "all",
  "unused",
  "alike",
  "set_aside",
] as const satisfies readonly PromptsShown[];

const path = (slug: string) => ({ params: { path: { slug } } });
const listKey = (slug: string) => ["prompts", slug] as const;
const planKey = (slug: string) => ["prompt-plan", slug] as const;

export interface PromptsAsked {
  show: PromptsShown;
  search: string;
  category: string | null;
}

export const promptsQuery = (slug: string, { show, search, category }: PromptsAsked) =>
  infiniteQueryOptions({
    queryKey: [...listKey(slug), show, search, category],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/prompts/", {
          params: {
            path: { slug },
            query: {
              cursor: pageParam,
              show,
              ...(search === "" ? {} : { search }),
              ...(category === null ? {} : { category }),
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: (previous) => previous,
  });

export const planQuery = (slug: string) =>
  queryOptions({
    queryKey: planKey(slug),
    queryFn: () => unwrap(client.GET("/api/v1/projects/{slug}/prompt-plan/", { ...path(slug) })),
  });

/** What changes with the prompts themselves. */
function useRefresh(slug: string) {
  const cache = useQueryClient();
  return () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: listKey(slug) }),
      cache.invalidateQueries({ queryKey: planKey(slug) }),
    ]);
}

/** Adds any number of prompts, as many at once as the server takes; what became of them all. */
export function useAddPrompts(slug: string) {
  const refresh = useRefresh(slug);
  return useMutation({
    mutationFn: async ({ prompts, licence }: { prompts: NewPrompt[]; licence: string }) => {
      const sum = { n_added: 0, n_known: 0, n_alike: 0 };
      for (const part of partsOf(prompts)) {
        const added = await unwrap(
          client.POST("/api/v1/projects/{slug}/prompts/", {
            ...path(slug),
            body: { prompts: part, licence },
          }),
        );
        sum.n_added += added.n_added;
        sum.n_known += added.n_known;
        sum.n_alike += added.n_alike;
      }
      return sum;
    },
    onSettled: refresh,
  });
}

export function useChangePrompt(slug: string, prompt: number) {
  const refresh = useRefresh(slug);
  return useMutation({
    mutationFn: (body: PromptChanges) =>
      unwrap(
        client.PATCH("/api/v1/prompts/{prompt_id}/", {
          params: { path: { prompt_id: prompt } },
          body,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useSavePlan(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: PromptPlanRequest) =>
      unwrap(client.PUT("/api/v1/projects/{slug}/prompt-plan/", { ...path(slug), body })),
    onSuccess: (plan) => cache.setQueryData(planKey(slug), plan),
  });
}

export function useHandOut(slug: string) {
  const refresh = useRefresh(slug);
  return useMutation({
    mutationFn: (body: { kind: "demonstration" | "chat"; n: number }) =>
      unwrap(client.POST("/api/v1/projects/{slug}/prompt-plan/", { ...path(slug), body })),
    onSuccess: refresh,
  });
}
