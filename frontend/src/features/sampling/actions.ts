import type { Action } from "@/lib/actions";

export interface SamplingContext {
  focusProbe: () => void;
}

export const probeAction: Action<SamplingContext> = {
  id: "samplingPage.probe",
  label: "samplingPage.tryPrompt",
  keys: ["t"],
  perform: ({ focusProbe }) => focusProbe(),
};

export const samplingActions: readonly Action<SamplingContext>[] = [probeAction];

export interface PoliciesContext {
  openForm: () => void;
}

export const registerAction: Action<PoliciesContext> = {
  id: "policies.register",
  label: "policies.register",
  keys: ["n"],
  perform: ({ openForm }) => openForm(),
};

export const policiesActions: readonly Action<PoliciesContext>[] = [registerAction];
