import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, unwrap } from "@/api/client";
import type {
  GateMode,
  Policy,
  PolicyChanges,
  PolicyRequest,
  ProbeRequest,
  ServedRequest,
} from "@/api/types";

const REFRESH_MILLISECONDS = 5_000;
const CHECKING_MILLISECONDS = 1_500;

export const isBeingChecked = ({ check_result: check }: Policy): boolean =>
  check !== null && check.finished_at === null;

const figuresKey = (slug: string) => ["sampling-figures", slug] as const;
const servingKey = (slug: string) => ["serving", slug] as const;
const policiesKey = ["policies"] as const;

export const figuresQuery = (slug: string) =>
  queryOptions({
    queryKey: figuresKey(slug),
    queryFn: () =>
      unwrap(
        client.GET("/api/v1/projects/{slug}/sampling/figures/", { params: { path: { slug } } }),
      ),
    refetchInterval: REFRESH_MILLISECONDS,
  });

/** Every policy of the installation; asked for often only while one is being checked. */
export const policiesQuery = queryOptions({
  queryKey: policiesKey,
  queryFn: () => unwrap(client.GET("/api/v1/policies/")),
  refetchInterval: (query) =>
    query.state.data?.some(isBeingChecked) ? CHECKING_MILLISECONDS : false,
});

export const servingQuery = (slug: string) =>
  queryOptions({
    queryKey: servingKey(slug),
    queryFn: () =>
      unwrap(client.GET("/api/v1/projects/{slug}/serving/", { params: { path: { slug } } })),
  });

export function useSetGate(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (mode: GateMode) =>
      unwrap(
        client.PUT("/api/v1/projects/{slug}/sampling/gate/", {
          params: { path: { slug } },
          body: { mode },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: figuresKey(slug) }),
  });
}

export function useSetDrain(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, draining }: { id: string; draining: boolean }) =>
      unwrap(
        client.PUT("/api/v1/projects/{slug}/sampling/runners/{runner_id}/", {
          params: { path: { slug, runner_id: id } },
          body: { draining },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: figuresKey(slug) }),
  });
}

export const useProbe = (slug: string) =>
  useMutation({
    mutationFn: (body: ProbeRequest) =>
      unwrap(
        client.POST("/api/v1/projects/{slug}/sampling/probes/", {
          params: { path: { slug } },
          body,
        }),
      ),
  });

export function useRegisterPolicy() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: PolicyRequest) => unwrap(client.POST("/api/v1/policies/", { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: policiesKey }),
  });
}

export function useEditPolicy(id: number) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: PolicyChanges) =>
      unwrap(
        client.PATCH("/api/v1/policies/{policy_id}/", {
          params: { path: { policy_id: id } },
          body,
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: policiesKey }),
  });
}

export type PolicyStep = "check" | "activate" | "retire";

/** The three things that are done to a policy by one button each. */
export function usePolicyStep(id: number) {
  const cache = useQueryClient();
  const params = { params: { path: { policy_id: id } } };
  return useMutation({
    mutationFn: (step: PolicyStep) => {
      if (step === "check")
        return unwrap(client.POST("/api/v1/policies/{policy_id}/check/", params));
      if (step === "retire") {
        return unwrap(client.POST("/api/v1/policies/{policy_id}/retire/", params));
      }
      return unwrap(client.POST("/api/v1/policies/{policy_id}/activate/", params));
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: policiesKey }),
  });
}

export function useSetServing(slug: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (served: ServedRequest[]) =>
      unwrap(
        client.PUT("/api/v1/projects/{slug}/serving/", {
          params: { path: { slug } },
          body: { served },
        }),
      ),
    onSuccess: (serving) => cache.setQueryData(servingKey(slug), serving),
  });
}
