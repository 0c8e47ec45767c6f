import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { PromptPlan, PromptRow } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const LIST = "/api/v1/projects/demo/prompts/";
const PLAN = "/api/v1/projects/demo/prompt-plan/";

const prompt: PromptRow = {
  id: 4,
  kind: "prompt",
  text: "What's the weather?",
  category: "qa",
  language: "en",
  sensitivity: [],
  source: "written here",
  author: "Tara",
  alike_to: { id: 2, text: "What is the weather?" },
  set_aside_at: null,
  n_tasks: 0,
  created_at: "2026-01-01T10:00:00Z",
};
const plan: PromptPlan = {
  max_per_author: null,
  categories: [
    {
      name: "qa",
      n_prompts: 3,
      n_alike: 1,
      is_free: false,
      wanted: [
        { kind: "demonstration", target: null, made: 2, done: 1 },
        { kind: "chat", target: 4, made: 0, done: 0 },
      ],
    },
  ],
};

function serving() {
  return signedIn(new FakeServer())
    .on(`GET ${LIST}`, { body: { next: null, results: [prompt] } })
    .on(`GET ${PLAN}`, { body: plan });
}

it("says what a prompt repeats and keeps both or sets one aside", async () => {
  const server = serving().on("PATCH /api/v1/prompts/4/", { status: 204 });
  renderApp("/projects/demo/prompts");
  expect(await screen.findByText("Nearly the same as: What is the weather?")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Keep both" }));
  await waitFor(() => expect(server.sent("PATCH /api/v1/prompts/4/")).toHaveLength(1));
  await userEvent.click(screen.getByRole("button", { name: "Set aside" }));
  await waitFor(() =>
    expect(server.sent("PATCH /api/v1/prompts/4/").map(({ body }) => body)).toEqual([
      { keep: true },
      { set_aside: true },
    ]),
  );
});

it("adds the prompts of several lines", async () => {
  const server = serving().on(`POST ${LIST}`, {
    status: 201,
    body: { n_added: 2, n_known: 0, n_alike: 1 },
  });
  renderApp("/projects/demo/prompts");
  await screen.findByText("What's the weather?");
  await userEvent.keyboard("n");
  const dialog = await screen.findByRole("dialog", { name: "Add prompts" });
  await userEvent.click(within(dialog).getByLabelText("Text"));
  await userEvent.paste('Why?\n{"text": "Fun", "category": "fun"}');
  await userEvent.click(within(dialog).getByRole("checkbox", { name: /Each line/ }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Add 2 prompts" }));
  await waitFor(() =>
    expect(server.sent(`POST ${LIST}`)[0]?.body).toEqual({
      licence: "",
      prompts: [
        { kind: "prompt", text: "Why?", category: "", language: "en", sensitivity: [] },
        { kind: "prompt", text: "Fun", category: "fun", language: "en", sensitivity: [] },
      ],
    }),
  );
  expect(await screen.findByText(/2 prompts added/)).toBeVisible();
});

it("keeps what was written in a form that was closed", async () => {
  serving();
  renderApp("/projects/demo/prompts");
  await screen.findByText("What's the weather?");
  await userEvent.keyboard("n");
  await userEvent.type(await screen.findByLabelText("Text"), "Why is the sky blue?");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await userEvent.keyboard("n");
  expect(await screen.findByDisplayValue("Why is the sky blue?")).toBeVisible();
});

it("refuses what the server would not take before any of it is sent", async () => {
  serving();
  renderApp("/projects/demo/prompts");
  await screen.findByText("What's the weather?");
  await userEvent.keyboard("n");
  const dialog = await screen.findByRole("dialog", { name: "Add prompts" });
  await userEvent.click(within(dialog).getByLabelText("Text"));
  await userEvent.paste("a".repeat(50_001));
  expect(within(dialog).getByText(/1 prompt has more than 50,000 characters/)).toBeVisible();
  expect(within(dialog).getByRole("button", { name: "Add 1 prompt" })).toBeDisabled();
  const input = document.querySelector<HTMLInputElement>('input[type="file"]');
  if (input === null) throw new Error("there is no way to choose a file");
  await userEvent.upload(input, new File(["b".repeat(5_000_001)], "big.txt"));
  expect(within(dialog).getByText(/over 5 MB/)).toBeVisible();
});

it("sets quotas and hands out, and says what was left out", async () => {
  const server = serving()
    .on(`PUT ${PLAN}`, { body: plan })
    .on(`POST ${PLAN}`, {
      status: 201,
      body: { n_made: 2, left_out: { quota: 1, author: 0, alike: 0 } },
    });
  renderApp("/projects/demo/prompts");
  await userEvent.type(await screen.findByLabelText("Write a conversation: wanted in qa"), "10");
  await userEvent.type(screen.getByLabelText("From one author at most"), "5");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() =>
    expect(server.sent(`PUT ${PLAN}`)[0]?.body).toEqual({
      max_per_author: 5,
      quotas: [
        { kind: "demonstration", category: "qa", target: 10 },
        { kind: "chat", category: "qa", target: 4 },
      ],
    }),
  );
  await userEvent.click(screen.getByRole("button", { name: /Hand out/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Make tasks" }));
  await waitFor(() =>
    expect(server.sent(`POST ${PLAN}`)[0]?.body).toEqual({ kind: "demonstration", n: 50 }),
  );
  expect(await screen.findByText(/1 prompt is left over: its category has enough/)).toBeVisible();
});
