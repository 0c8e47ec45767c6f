import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Policy, SamplingFigures } from "@/api/types";
import { FakeServer, streamOf } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

import { policyRow } from "./samples";

const BASE = "/api/v1/projects/demo/sampling";
const RUNNER = "5b9ff9a4-53a7-4c5e-8e9e-2f64b9f2f1a1";

const figures = (more: Partial<SamplingFigures> = {}): SamplingFigures => ({
  state: "ok",
  gate: { mode: "open", changed_by: null, changed_at: null },
  lines: [
    { priority: "interactive", n_waiting: 0, n_running: 2, oldest_seconds: null },
    { priority: "batch", n_waiting: 1_000, n_running: 4, oldest_seconds: 754 },
  ],
  runners: [
    {
      id: RUNNER,
      host: "gpu-1",
      device: "NVIDIA H200",
      started_at: "2026-01-01T10:00:00Z",
      seen_at: "2026-01-01T11:00:00Z",
      draining: false,
      policies: ["wren"],
      n_threads: 6,
      n_running: 6,
      prompt_tokens_per_second: 900,
      sampled_tokens_per_second: 1_234.4,
      utilisation: 0.87,
      memory_bytes: 40_000_000_000,
      memory_budget_bytes: 120_000_000_000,
    },
  ],
  first_token: { n: 41, p50_seconds: 0.21, p95_seconds: 0.9 },
  tokens_by_minute: [...Array<number>(58).fill(0), 500, 1_500],
  policies: [
    {
      policy: { id: 3, name: "wren" },
      n_done: 40,
      n_failed: 1,
      n_cancelled: 0,
      first_token: { n: 41, p50_seconds: 0.21, p95_seconds: 0.9 },
      n_completions: 120,
      n_tokens: 2_000,
      mean_tokens: 16.7,
      cut_share: 0.25,
      cached_share: 0.5,
    },
  ],
  faults: [
    {
      code: "worker_lost",
      n: 3,
      n_final: 1,
      last_at: "2026-01-01T11:00:00Z",
      detail: "The worker died in each of 3 attempts.",
    },
  ],
  ...more,
});

function serverWith(found: SamplingFigures, policies: Policy[] = [policyRow({})]): FakeServer {
  return signedIn(new FakeServer())
    .on(`GET ${BASE}/figures/`, { body: found })
    .on("GET /api/v1/policies/", { body: policies });
}

it("tells whether sampling keeps up, and why not", async () => {
  serverWith(figures());
  renderApp("/projects/demo/sampling");
  const candidates = await screen.findByRole("region", { name: "Candidates" });
  expect(candidates).toHaveTextContent("999+ waiting");
  expect(candidates).toHaveTextContent("12 min");
  expect(screen.getByRole("region", { name: "Written now" })).toHaveTextContent("1,234 tokens/s");
  expect(screen.getByRole("region", { name: "First token" })).toHaveTextContent("0.21s median");
  expect(screen.getByRole("img", { name: /2,000 tokens.*1,500 in the busiest/ })).toBeVisible();
  const worker = within(screen.getByRole("region", { name: "Workers" }));
  expect(worker.getByText("NVIDIA H200")).toBeVisible();
  expect(worker.getByText("87%")).toBeVisible();
  expect(worker.getByText(/of 120/)).toBeVisible();
  const faults = screen.getByRole("region", { name: /Failures/ });
  expect(faults).toHaveTextContent("worker_lost");
  expect(faults).toHaveTextContent("died in each of 3 attempts");
});

it("says so when there is nothing to show", async () => {
  serverWith(
    figures({
      state: "down",
      runners: [],
      policies: [],
      faults: [],
      tokens_by_minute: Array<number>(60).fill(0),
      first_token: { n: 0, p50_seconds: null, p95_seconds: null },
    }),
    [],
  );
  renderApp("/projects/demo/sampling");
  expect(await screen.findByText(/No worker has reported/)).toBeVisible();
  expect(screen.getByText(/No worker is running/)).toBeVisible();
  expect(screen.getByText("Nothing was sampled in the last hour.")).toBeVisible();
  expect(screen.getByText(/No policy was asked/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Ask" })).toBeDisabled();
});

it("offers another try when the figures cannot be had", async () => {
  const server = serverWith(figures()).on(`GET ${BASE}/figures/`, {
    status: 403,
    body: { code: "not_allowed", detail: "This needs the role manager; yours here is trainer." },
  });
  renderApp("/projects/demo/sampling");
  expect(await screen.findByText(/needs the role manager/)).toBeVisible();
  server.on(`GET ${BASE}/figures/`, { body: figures() });
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("region", { name: "Candidates" })).toBeVisible();
});

it("holds candidates back and takes a worker out of service", async () => {
  const held: SamplingFigures["gate"] = {
    mode: "people_only",
    changed_by: "Milan",
    changed_at: "2026-01-01T11:00:00Z",
  };
  const server = serverWith(figures());
  server
    .on(`PUT ${BASE}/gate/`, () => {
      server.on(`GET ${BASE}/figures/`, { body: figures({ gate: held }) });
      return { body: held };
    })
    .on(`PUT ${BASE}/runners/${RUNNER}/`, () => {
      const [runner] = figures().runners;
      const drained = runner && { ...runner, draining: true, n_running: 0 };
      server.on(`GET ${BASE}/figures/`, {
        body: figures({ gate: held, runners: drained ? [drained] : [] }),
      });
      return { body: drained };
    });
  renderApp("/projects/demo/sampling");
  await userEvent.click(await screen.findByRole("radio", { name: "Only drafts and replies" }));
  expect(await screen.findByText(/Candidates wait.*Set by Milan/)).toBeVisible();
  expect(server.sent(`PUT ${BASE}/gate/`)[0]?.body).toEqual({ mode: "people_only" });
  await userEvent.click(screen.getByRole("button", { name: "Take out of service" }));
  expect(await screen.findByText("out of service")).toBeVisible();
  expect(server.sent(`PUT ${BASE}/runners/${RUNNER}/`)[0]?.body).toEqual({ draining: true });
});

it("asks a policy and shows its words as they come", async () => {
  const words = { generation: 9, attempt: 1, index: 0 };
  const server = serverWith(figures(), [
    policyRow({ id: 2, name: "idle", state: "registered", activated_at: null }),
    policyRow({ id: 3, name: "wren" }),
  ])
    .on(`POST ${BASE}/probes/`, {
      status: 201,
      body: { id: 9, state: "queued", attempt: 0, error: null, completions: [] },
    })
    .on("GET /api/v1/events/", {
      stream: streamOf(
        { id: "9:1-0", event: "delta", data: { ...words, offset: 0, text: "They fly " } },
        {
          id: "9:2-0",
          event: "end",
          data: {
            generation: 9,
            attempt: 1,
            state: "done",
            error: null,
            completions: [{ index: 0, text: "They fly south.", finish_reason: "stop" }],
          },
        },
      ),
    });
  renderApp("/projects/demo/sampling");
  await screen.findByRole("region", { name: "Candidates" });
  await userEvent.keyboard("t");
  const prompt = screen.getByRole("textbox", { name: "Prompt" });
  expect(prompt).toHaveFocus();
  await userEvent.type(prompt, "Where do swallows go?{Control>}{Enter}{/Control}");
  expect(await screen.findByText("They fly south.")).toBeVisible();
  await waitFor(() =>
    expect(server.sent(`POST ${BASE}/probes/`)[0]?.body).toEqual({
      policy: 3,
      prompt: "Where do swallows go?",
      system: "",
      temperature: 1,
      top_p: 1,
      top_k: 0,
      min_p: 0,
      repetition_penalty: 1,
      max_tokens: 256,
      stop: [],
      stop_token_ids: [],
    }),
  );
});
