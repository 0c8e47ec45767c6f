import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Written, WrittenRow } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn, working } from "@/testing/renderApp";
import { assignment, conversation, home, message } from "@/testing/samples";

const LIST = "/api/v1/projects/demo/conversations/";

const demonstration = assignment({ kind: "demonstration" });

const row = (more: Partial<WrittenRow>): WrittenRow => ({
  id: 5,
  kind: "demonstration",
  state: "writing",
  title: "Explain tides",
  n_turns: 2,
  comment: null,
  created_at: "2026-01-01T10:00:00Z",
  finished_at: null,
  assignment: 9,
  ...more,
});

const written = (more: Partial<Written>): Written => ({
  id: 5,
  kind: "demonstration",
  state: "submitted",
  project: "demo",
  prompt: null,
  assignment: demonstration.id,
  versions: [
    {
      conversation: conversation([message(0, "user", "Why?"), message(1, "assistant", "So.")]),
      fixed: false,
      finished_at: "2026-01-01T10:00:00Z",
      review: {
        verdict: "returned",
        score: null,
        comment: "Too short.",
        comments: [{ message: 101, text: "Say why." }],
        at: "2026-01-02T10:00:00Z",
      },
    },
    {
      conversation: conversation([
        message(0, "user", "Why?"),
        message(1, "assistant", "Because of the moon."),
      ]),
      fixed: false,
      finished_at: "2026-01-03T10:00:00Z",
      review: null,
    },
  ],
  can_amend: true,
  kept_submission: null,
  ...more,
});

it("lists what was written, with the way back into it, and searches it", async () => {
  const server = signedIn(new FakeServer()).on(`GET ${LIST}`, {
    body: {
      next: null,
      results: [row({}), row({ id: 4, state: "returned", title: "Tax", comment: "Too long." })],
    },
  });
  server.on("GET /api/v1/projects/demo/home/", {
    body: {
      ...home,
      returned: [
        {
          task: 1,
          conversation: 4,
          title: "Tax",
          comment: "",
          returned_at: "2026-01-01T10:00:00Z",
        },
      ],
    },
  });
  renderApp("/projects/demo/conversations");
  expect(await screen.findByRole("link", { name: "Go on with: Explain tides" })).toHaveAttribute(
    "href",
    "/projects/demo/work/9",
  );
  expect(screen.getByText("Too long.")).toBeVisible();
  expect(await screen.findByRole("button", { name: "Rework: Tax" })).toBeEnabled();
  await userEvent.type(screen.getByRole("searchbox", { name: "Search what you wrote" }), "moon");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Which ones" }), "approved");
  await waitFor(() =>
    expect(server.sent(`GET ${LIST}`).at(-1)?.query.toString()).toBe("group=approved&search=moon"),
  );
});

it("shows every version with its review, and takes a submission back", async () => {
  const server = working(new FakeServer(), demonstration)
    .on("GET /api/v1/conversations/5/", { body: written({}) })
    .on(`POST /api/v1/assignments/${demonstration.id}/amend/`, {
      body: { assignment: demonstration.id },
    });
  const router = renderApp("/projects/demo/conversations/5");
  expect(await screen.findByText("Because of the moon.")).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "Version 1" }));
  expect(await screen.findByText("Say why.")).toBeVisible();
  expect(screen.getByText("Too short.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Take it back and change it" }));
  await waitFor(() =>
    expect(router.state.location.pathname).toBe(`/projects/demo/work/${demonstration.id}`),
  );
  expect(server.sent(`POST /api/v1/assignments/${demonstration.id}/amend/`)).toHaveLength(1);
});

it.each([
  ["Why?", 1],
  ["Why is that?", 2],
])("shows a prompt once where the user turn says it: %s", async (text, n) => {
  const prompt = { kind: "prompt", text, category: "qa", source: "", turns_before: 0 } as const;
  const [first] = written({}).versions;
  if (first === undefined) throw new Error("there is a version");
  signedIn(new FakeServer()).on("GET /api/v1/conversations/5/", {
    body: written({ prompt, versions: [first] }),
  });
  renderApp("/projects/demo/conversations/5");
  expect(await screen.findByText("qa")).toBeVisible();
  expect(screen.getAllByText(/^Why/)).toHaveLength(n);
});

it("shows what a reviewer fixed beside what was handed in", async () => {
  const [first, second] = written({}).versions;
  if (first === undefined || second === undefined) throw new Error("there are two versions");
  signedIn(new FakeServer()).on("GET /api/v1/conversations/5/", {
    body: written({ versions: [first, second, { ...second, fixed: true }] }),
  });
  renderApp("/projects/demo/conversations/5");
  expect(await screen.findByRole("radio", { name: "2 as fixed in review" })).toBeChecked();
  expect(screen.getByRole("radio", { name: "Version 2" })).toBeEnabled();
  expect(
    screen.getByRole("button", { name: /what changed from the version before/ }),
  ).toBeVisible();
});

it("says why a submission cannot be taken back any more", async () => {
  signedIn(new FakeServer())
    .on("GET /api/v1/conversations/5/", { body: written({}) })
    .on(`POST /api/v1/assignments/${demonstration.id}/amend/`, {
      status: 409,
      body: { code: "already_acted_on", detail: "A reviewer has it by now." },
    });
  renderApp("/projects/demo/conversations/5");
  await userEvent.click(await screen.findByRole("button", { name: /Take it back/ }));
  expect(await screen.findByText("A reviewer has it by now.")).toBeVisible();
});
