import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Export } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const EXPORTS = "/api/v1/projects/demo/exports/";

const row = (more: Partial<Export>): Export => ({
  id: 3,
  kind: "comparisons",
  format: "ranking",
  state: "queued",
  n_rows: null,
  n_written: 0,
  n_bytes: null,
  sha256: "",
  file_name: "",
  error: null,
  excluded: {},
  created_at: "2026-01-01T10:00:00Z",
  finished_at: null,
  ...more,
});

it("asks for a file, watches it being written and offers it", async () => {
  const server = signedIn(new FakeServer())
    .on(`GET ${EXPORTS}`, { body: { next: null, results: [] } })
    .on("GET /api/v1/projects/demo/benchmarks/", { body: [] })
    .on("GET /api/v1/projects/demo/export-formats/", {
      body: { sft: ["messages"], comparisons: ["ranking", "preference"], prompts: [] },
    })
    .on(`POST ${EXPORTS}preview/`, {
      body: { n_rows: 40, excluded: { revised: 3 }, lines: ['{"prompt":[]}'] },
    })
    .on(`POST ${EXPORTS}`, () => {
      server.on(`GET ${EXPORTS}`, { body: { next: null, results: [row({})] } });
      return { status: 201, body: row({}) };
    })
    .on("GET /api/v1/exports/3/", {
      body: row({
        state: "done",
        n_rows: 38,
        n_written: 38,
        n_bytes: 4_096,
        excluded: { cannot_judge: 2 },
      }),
    });
  renderApp("/projects/demo/datasets");
  await screen.findByText("No exports yet");
  await userEvent.keyboard("e");
  await userEvent.click(await screen.findByRole("combobox", { name: "What goes in" }));
  await userEvent.click(await screen.findByRole("option", { name: "Comparisons", hidden: true }));
  expect(await screen.findByText(/said something else later/)).toBeVisible();
  expect(screen.getByLabelText("First lines")).toHaveValue('{"prompt":[]}');
  await userEvent.click(screen.getByRole("button", { name: "More options" }));
  await userEvent.click(await screen.findByRole("combobox", { name: "Packed" }));
  await userEvent.click(await screen.findByRole("option", { name: "zstd", hidden: true }));
  await userEvent.type(screen.getByLabelText(/Split \(/), "train=0.9,test=0.1");
  await userEvent.click(screen.getByRole("button", { name: "Export" }));
  await waitFor(() =>
    expect(server.sent(`POST ${EXPORTS}`)[0]?.body).toEqual({
      kind: "comparisons",
      format: "ranking",
      split: "train=0.9,test=0.1",
      with_metadata: false,
      pack: "zstd",
    }),
  );
  const link = await screen.findByRole("link", { name: "Download" });
  expect(link).toHaveAttribute("href", "/api/v1/exports/3/download/");
  expect(screen.getByText(/38 rows/)).toBeVisible();
  expect(screen.getByText("the rater could not judge it")).toBeVisible();
});

it("offers thumbs to the format that holds them", async () => {
  const server = signedIn(new FakeServer())
    .on(`GET ${EXPORTS}`, { body: { next: null, results: [] } })
    .on("GET /api/v1/projects/demo/benchmarks/", { body: [] })
    .on("GET /api/v1/projects/demo/export-formats/", {
      body: { sft: ["messages"], comparisons: ["kto", "ranking"], prompts: [] },
    })
    .on(`POST ${EXPORTS}preview/`, { body: { n_rows: 1, excluded: {}, lines: [] } });
  renderApp("/projects/demo/datasets");
  await screen.findByText("No exports yet");
  await userEvent.keyboard("e");
  await userEvent.click(await screen.findByRole("button", { name: "More options" }));
  const thumbs = { name: "Replies in chats that got a thumb" };
  expect(screen.queryByRole("checkbox", thumbs)).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("combobox", { name: "What goes in" }));
  await userEvent.click(await screen.findByRole("option", { name: "Comparisons", hidden: true }));
  await userEvent.click(await screen.findByRole("checkbox", thumbs));
  await waitFor(() =>
    expect(server.sent(`POST ${EXPORTS}preview/`).at(-1)?.body).toMatchObject({
      format: "kto",
      thumbs: true,
    }),
  );
});

it("keeps benchmarks and drafts out", async () => {
  const benchmark = {
    id: 5,
    name: "rivers.jsonl",
    sha256: "",
    n_texts: 3,
    n_too_short: 2,
    n_runs: 3,
  };
  const server = signedIn(new FakeServer())
    .on(`GET ${EXPORTS}`, { body: { next: null, results: [] } })
    .on("GET /api/v1/projects/demo/export-formats/", {
      body: { sft: ["messages"], comparisons: [], prompts: [] },
    })
    .on("GET /api/v1/projects/demo/benchmarks/", { body: [benchmark] })
    .on(`POST ${EXPORTS}preview/`, { body: { n_rows: 1, excluded: {}, lines: [] } });
  renderApp("/projects/demo/datasets");
  await screen.findByText("No exports yet");
  await userEvent.keyboard("e");
  await userEvent.click(await screen.findByRole("button", { name: "More options" }));
  await userEvent.click(screen.getByRole("combobox", { name: "Keep these benchmarks out" }));
  await userEvent.click(await screen.findByRole("option", { name: "rivers.jsonl", hidden: true }));
  await userEvent.click(screen.getByRole("combobox", { name: "Without drafts that were" }));
  await userEvent.click(await screen.findByRole("option", { name: "taken whole", hidden: true }));
  await waitFor(() =>
    expect(server.sent(`POST ${EXPORTS}preview/`).at(-1)?.body).toMatchObject({
      benchmarks: [5],
      without_drafts: ["inserted"],
    }),
  );
});
