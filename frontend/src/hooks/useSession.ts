import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type { Me, Role } from "@/api/types";

import { forgetKeptTexts } from "./useKeptText";

/** Who is signed in; asking for it also sets the CSRF cookie. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Me | null> =>
    (await unwrap(client.GET("/api/v1/auth/session/"))).user ?? null,
  staleTime: 60_000,
});

export const useSession = () => useQuery(sessionQuery);

export function useSignIn() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { username: string; password: string }) =>
      unwrap(client.POST("/api/v1/auth/login/", { body })),
    onSuccess: (me) => cache.setQueryData(sessionQuery.queryKey, me),
  });
}

export function useSignOut() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(client.POST("/api/v1/auth/logout/")),
    onSuccess: () => {
      // What the next person at this machine may see is theirs to fetch.
      cache.clear();
      forgetKeptTexts();
      cache.setQueryData(sessionQuery.queryKey, null);
    },
  });
}

/** The signed-in person's role in a project; an administrator manages every project. */
export function roleIn(me: Me, slug: string): Role | null {
  const membership = me.memberships.find(({ project }) => project.slug === slug);
  return membership?.role ?? (me.is_admin ? "manager" : null);
}
