import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Policy, Serving } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

import { policyRow } from "./samples";

const SERVING = "/api/v1/projects/demo/serving/";
const POLICIES = "/api/v1/policies/";

const check = (
  more: Partial<NonNullable<Policy["check_result"]>>,
): NonNullable<Policy["check_result"]> => ({
  id: 1,
  state: "queued",
  findings: [],
  created_at: "2026-01-01T10:00:00Z",
  started_at: null,
  finished_at: null,
  ...more,
});

const serving: Serving = {
  round: 2,
  served: [
    {
      policy: 3,
      policy_name: "wren",
      use: "chat",
      weight: 1,
      temperature: 1,
      top_p: 1,
      top_k: 0,
      min_p: 0,
      repetition_penalty: 1,
      max_tokens: 512,
      stop: [],
      stop_token_ids: [],
    },
  ],
};

const serverWith = (policies: Policy[], served: Serving = serving) =>
  signedIn(new FakeServer())
    .on(`GET ${POLICIES}`, { body: policies })
    .on(`GET ${SERVING}`, { body: served });

it("registers a policy, shows what its check finds and activates it", async () => {
  const waiting = policyRow({
    id: 4,
    name: "swift",
    state: "registered",
    activated_at: null,
    context_window_tokens: null,
    check_result: check({}),
  });
  const passed = {
    ...waiting,
    context_window_tokens: 8_192,
    check_result: check({
      state: "passed",
      finished_at: "2026-01-01T10:01:00Z",
      findings: [
        { code: "weights", verdict: "good", detail: "2 safetensors files." },
        { code: "own_code", verdict: "remark", detail: "It brings code of its own." },
      ],
    }),
  };
  const server = serverWith([policyRow({})]);
  server.on(`POST ${POLICIES}`, () => {
    server.on(`GET ${POLICIES}`, () => {
      server.on(`GET ${POLICIES}`, { body: [policyRow({}), passed] });
      return { body: [policyRow({}), waiting] };
    });
    return { status: 201, body: waiting };
  });
  server.on(`POST ${POLICIES}4/activate/`, () => {
    server.on(`GET ${POLICIES}`, { body: [policyRow({}), { ...passed, state: "active" }] });
    return { body: { ...passed, state: "active" } };
  });
  renderApp("/projects/demo/sampling/policies");
  await screen.findByText("/models/wren");
  await userEvent.keyboard("n");
  const form = within(await screen.findByRole("dialog", { name: "Register a policy" }));
  await userEvent.type(form.getByLabelText(/^Name/), "swift");
  await userEvent.type(form.getByLabelText(/Where it lives/), "org/swift");
  await userEvent.type(form.getByLabelText(/Trained on/), "export 7");
  await userEvent.click(form.getByRole("button", { name: "Register a policy" }));
  expect(await screen.findByText("Waiting for a worker to check it.")).toBeVisible();
  expect(server.sent(`POST ${POLICIES}`)[0]?.body).toMatchObject({
    name: "swift",
    source: "org/swift",
    trained_on: "export 7",
    context_window_tokens: null,
    parent: null,
  });
  await userEvent.click(await screen.findByText(/Passed the check/, {}, { timeout: 10_000 }));
  expect(screen.getByText("It brings code of its own.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Activate" }));
  await waitFor(() => expect(screen.getAllByText("active")).toHaveLength(2));
});

it("keeps what was typed when the server refuses, and says why", async () => {
  serverWith([]).on(`POST ${POLICIES}`, {
    status: 409,
    body: { code: "folder_not_allowed", detail: "This folder is not open to policies." },
  });
  renderApp("/projects/demo/sampling/policies");
  expect(await screen.findByText("No policy yet")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: /Register a policy/ }));
  const form = within(await screen.findByRole("dialog"));
  await userEvent.type(form.getByLabelText(/^Name/), "etc");
  await userEvent.type(form.getByLabelText(/Where it lives/), "/etc");
  await userEvent.click(form.getByRole("button", { name: "Register a policy" }));
  expect(await form.findByText("This folder is not open to policies.")).toBeVisible();
  expect(form.getByLabelText(/Where it lives/)).toHaveValue("/etc");
});

it("shows at once why a policy cannot serve, and offers no activation", async () => {
  const bad = {
    code: "weights",
    verdict: "bad",
    detail: "There are no safetensors weights.",
  } as const;
  serverWith([
    policyRow({
      state: "registered",
      activated_at: null,
      check_result: check({
        state: "failed",
        finished_at: "2026-01-01T10:01:00Z",
        findings: [bad],
      }),
    }),
  ]);
  renderApp("/projects/demo/sampling/policies");
  expect(await screen.findByText("There are no safetensors weights.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Activate" })).toBeNull();
  expect(screen.getByRole("button", { name: "Check again" })).toBeVisible();
});

it("keeps the files of a policy that served, and retires only when sure", async () => {
  const server = serverWith([policyRow({})])
    .on(`PATCH ${POLICIES}3/`, { body: policyRow({}) })
    .on(`POST ${POLICIES}3/retire/`, () => {
      server.on(`GET ${POLICIES}`, { body: [policyRow({ state: "retired" })] });
      return { body: policyRow({ state: "retired" }) };
    });
  renderApp("/projects/demo/sampling/policies");
  await userEvent.click(await screen.findByRole("button", { name: "Edit" }));
  const form = within(await screen.findByRole("dialog", { name: "Edit wren" }));
  expect(form.getByLabelText(/Where it lives/)).toBeDisabled();
  await userEvent.type(form.getByLabelText(/Trained on/), "export 8");
  await userEvent.click(form.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const sent = server.sent(`PATCH ${POLICIES}3/`)[0]?.body;
  expect(sent).toMatchObject({ trained_on: "export 8" });
  expect(sent).not.toHaveProperty("source");
  await userEvent.click(screen.getByRole("button", { name: "Retire" }));
  const sure = within(await screen.findByRole("dialog", { name: "Retire wren?" }));
  expect(server.sent(`POST ${POLICIES}3/retire/`)).toHaveLength(0);
  await userEvent.click(sure.getByRole("button", { name: "Retire" }));
  expect(await screen.findByText("retired")).toBeVisible();
});

it("saves who serves the round all at once", async () => {
  const swift = policyRow({ id: 4, name: "swift" });
  const server = serverWith([policyRow({}), swift]).on(`PUT ${SERVING}`, { body: serving });
  renderApp("/projects/demo/sampling/policies");
  const section = within(await screen.findByRole("region", { name: /Who serves round 2/ }));
  expect(section.getByText("100%")).toBeVisible();
  expect(section.queryByRole("button", { name: "Save who serves" })).toBeNull();
  await userEvent.click(section.getByRole("button", { name: "Add" }));
  expect(section.getAllByText("50%")).toHaveLength(2);
  const weight = section.getByRole("textbox", { name: "Weight: swift, Chat replies" });
  await userEvent.clear(weight);
  expect(section.getByRole("button", { name: "Save who serves" })).toBeDisabled();
  await userEvent.type(weight, "3");
  expect(section.getByText("75%")).toBeVisible();
  const more = "More of how swift is sampled for Chat replies";
  await userEvent.click(section.getByRole("button", { name: more }));
  const topK = section.getByRole("textbox", { name: "Top-k" });
  await userEvent.clear(topK);
  expect(section.getByRole("button", { name: "Save who serves" })).toBeDisabled();
  await userEvent.type(topK, "40");
  await userEvent.type(section.getByRole("combobox", { name: "Stop strings" }), "\\nuser:{Enter}");
  await userEvent.type(
    section.getByRole("combobox", { name: "Stop token ids" }),
    "x{Enter}7{Enter}",
  );
  await userEvent.click(section.getByRole("button", { name: more }));
  expect(section.getByText("Top-k, Stop strings, Stop token ids")).toBeVisible();
  await userEvent.click(section.getByRole("button", { name: "Save who serves" }));
  await waitFor(() =>
    expect(server.sent(`PUT ${SERVING}`)[0]?.body).toMatchObject({
      served: [
        { policy: 3, use: "chat", weight: 1, top_k: 0, stop: [] },
        { policy: 4, use: "chat", weight: 3, top_k: 40, stop: ["\nuser:"], stop_token_ids: [7] },
      ],
    }),
  );
});
