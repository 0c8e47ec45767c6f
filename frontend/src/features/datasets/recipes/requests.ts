import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Freezing, Recipe, RecipeRequest } from "@/api/types";

const RUNNING_MILLISECONDS = 1_000;

const recipesKey = (slug: string) => ["recipes", slug] as const;
const versionsKey = (slug: string) => ["versions", slug] as const;
const benchmarksKey = (slug: string) => ["benchmarks", slug] as const;

export const isUnderWay = (freezing: Freezing | null): freezing is Freezing =>
  freezing?.state === "queued" || freezing?.state === "running";

/** The project's recipes, asked for again every second while one of them is counted or frozen. */
export const recipesQuery = (slug: string) =>
  queryOptions({
    queryKey: recipesKey(slug),
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/recipes/", { params: { path: { slug } } })),
    refetchInterval: ({ state }) =>
      state.data?.some(({ latest }) => isUnderWay(latest)) ? RUNNING_MILLISECONDS : false,
  });

/** `newest` is part of the question: when a version is made, the list is asked for afresh. */
export const versionsQuery = (slug: string, newest: number) =>
  infiniteQueryOptions({
    queryKey: [...versionsKey(slug), newest],
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/versions/", {
          params: { path: { slug }, query: { cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: (before) => before,
  });

export const versionQuery = (id: number) =>
  queryOptions({
    queryKey: ["version", id],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/versions/{version_id}/", { params: { path: { version_id: id } } }),
      ),
  });

export const diffQuery = (id: number, against: number) =>
  queryOptions({
    queryKey: ["version-diff", id, against],
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/versions/{version_id}/diff/", {
          params: { path: { version_id: id }, query: { against } },
        }),
      ),
    staleTime: Infinity,
  });

export const benchmarksQuery = (slug: string) =>
  queryOptions({
    queryKey: benchmarksKey(slug),
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/benchmarks/", { params: { path: { slug } } })),
  });

/** Whose tokens can be counted; the same answer as on the page of policies. */
export const policyNamesQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: () => unwrap(client.GET("/api/v1/policies/")),
  select: (policies) => policies.map(({ name }) => name),
});

export function useSaveRecipe(slug: string, recipe: Recipe | null) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: RecipeRequest) =>
      recipe === null
        ? unwrap(
            client.POST("/api/v1/projects/{slug}/recipes/", { params: { path: { slug } }, body }),
          )
        : unwrap(
            client.PUT("/api/v1/recipes/{recipe_id}/", {
              params: { path: { recipe_id: recipe.id } },
              body,
            }),
          ),
    onSuccess: () => cache.invalidateQueries({ queryKey: recipesKey(slug) }),
  });
}

export function useStartFreezing(slug: string, recipe: Recipe) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (isTrial: boolean) =>
      unwrap(
        client.POST("/api/v1/recipes/{recipe_id}/freezings/", {
          params: { path: { recipe_id: recipe.id } },
          body: { is_trial: isTrial },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: recipesKey(slug) }),
  });
}

export function useCancelFreezing(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: number) =>
      unwrap(
        client.POST("/api/v1/freezings/{freezing_id}/cancel/", {
          params: { path: { freezing_id: id } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: recipesKey(slug) }),
  });
}

export function useAddBenchmark(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (file: File) =>
      unwrap(
        client.POST("/api/v1/projects/{slug}/benchmarks/", {
          params: { path: { slug } },
          body: { name: file.name, content: await file.text() },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: benchmarksKey(slug) }),
  });
}

export function useWithdraw(slug: string, id: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (because: string) =>
      unwrap(
        client.POST("/api/v1/versions/{version_id}/withdraw/", {
          params: { path: { version_id: id } },
          body: { because },
        }),
      ),
    onSuccess: (version) => {
      cache.setQueryData(versionQuery(id).queryKey, version);
      return cache.invalidateQueries({ queryKey: versionsKey(slug) });
    },
  });
}
