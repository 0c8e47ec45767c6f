import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Upload } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const UPLOADS = "/api/v1/projects/demo/uploads/";
const PART = "PUT /api/v1/uploads/5/parts";

const row = (more: Partial<Upload>): Upload => ({
  id: 5,
  file_name: "rows.jsonl",
  n_bytes: 5,
  n_bytes_read: 0,
  part_bytes: 2,
  n_parts: 3,
  n_parts_missing: 0,
  parts_missing: [],
  licence: "",
  as_drafts: false,
  allowed_use: [],
  state: "queued",
  counts: null,
  has_rejects_file: false,
  error: null,
  created_at: "2026-01-01T10:00:00Z",
  finished_at: null,
  ...more,
});

it("sends a file part by part, watches it being read and shows what was not taken", async () => {
  const server = signedIn(new FakeServer())
    .on(`GET ${UPLOADS}`, { body: { next: null, results: [] } })
    .on(`POST ${UPLOADS}`, () => {
      server.on(`GET ${UPLOADS}`, { body: { next: null, results: [row({})] } });
      return {
        status: 201,
        body: row({ state: "receiving", n_parts_missing: 3, parts_missing: [0, 1, 2] }),
      };
    })
    .on(`${PART}/0/`, { body: row({}) })
    .on(`${PART}/1/`, { body: row({}) })
    .on(`${PART}/2/`, { body: row({}) })
    .on("GET /api/v1/uploads/5/", {
      body: row({
        state: "done",
        has_rejects_file: true,
        counts: {
          format: "messages",
          n_read: 4,
          n_added: 2,
          n_duplicates: 1,
          rejects: { wrong_last_turn: 1 },
          left_out: {},
        },
      }),
    })
    .on("GET /api/v1/uploads/5/rejects/", {
      body: {
        next: null,
        results: [{ row: 3, code: "wrong_last_turn", detail: "The last turn is the user's." }],
      },
    });
  renderApp("/projects/demo/datasets/imports");
  await screen.findByText("Nothing imported yet");
  await userEvent.keyboard("i");
  const dialog = await screen.findByRole("dialog", { name: "Import a file" });
  const picker = dialog.querySelector("input[type=file]");
  await userEvent.upload(picker as HTMLInputElement, new File(["12345"], "rows.jsonl"));
  await userEvent.type(within(dialog).getByLabelText(/Licence/), "MIT");
  await userEvent.click(within(dialog).getByRole("combobox", { name: "May be used for" }));
  await userEvent.click(await screen.findByRole("option", { name: "Comparisons" }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Import" }));
  await screen.findByText(/2 rows added · 1 there already · 1 rejected/);
  expect(server.sent(`POST ${UPLOADS}`)[0]?.body).toEqual({
    file_name: "rows.jsonl",
    n_bytes: 5,
    format: "",
    licence: "MIT",
    allowed_use: ["comparison"],
    as_drafts: false,
  });
  expect([0, 1, 2].map((n) => server.sent(`${PART}/${n}/`)[0]?.body)).toEqual([12, 34, 5]);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const file = screen.getByRole("link", { name: "Rejected lines as a file" });
  expect(file).toHaveAttribute("href", "/api/v1/uploads/5/rejects-file/");
  await userEvent.click(screen.getByRole("button", { name: "Show rejected lines" }));
  const list = await screen.findByRole("list", { name: "Rejected lines" });
  expect(within(list).getByText("The last turn is the user's.")).toBeVisible();
  expect(within(list).getByText("Line 3")).toBeVisible();
  expect(within(list).getByText("ends on the wrong turn for what it is")).toBeVisible();
});

it("goes on with a file that was cut off, and takes no other for it", async () => {
  const cutOff = row({ state: "receiving", n_parts_missing: 1, parts_missing: [2] });
  const server = signedIn(new FakeServer())
    .on(`GET ${UPLOADS}`, { body: { next: null, results: [cutOff] } })
    .on(`${PART}/0/`, { body: cutOff })
    .on(`${PART}/1/`, { body: cutOff })
    .on(`${PART}/2/`, { body: row({}) });
  renderApp("/projects/demo/datasets/imports");
  await screen.findByText(/1 of 3 parts is missing/);
  const picker = screen.getByLabelText("The same file again");
  await userEvent.upload(picker, new File(["123456"], "rows.jsonl"));
  expect(await screen.findByRole("alert")).toHaveTextContent("Choose rows.jsonl, of 5 byte");
  expect(server.calls.filter(({ method }) => method === "PUT")).toEqual([]);

  // This browser cannot tell that it is the file whose parts have come: all of them are sent.
  const file = () => new File(["12345"], "rows.jsonl", { lastModified: 7 });
  await userEvent.upload(picker, file());
  await waitFor(() => expect(server.sent(`${PART}/2/`)).toHaveLength(1));
  const order = () => server.calls.filter(({ method }) => method === "PUT").map(({ body }) => body);
  expect(order()).toEqual([12, 34, 5]);
  // Now it can.
  await userEvent.upload(await screen.findByLabelText("The same file again"), file());
  await waitFor(() => expect(order()).toEqual([12, 34, 5, 5]));
});

it("says why a file was refused", async () => {
  signedIn(new FakeServer()).on(`GET ${UPLOADS}`, {
    body: {
      next: null,
      results: [
        row({ state: "failed", error: { code: "file_refused", detail: "No reader takes it." } }),
      ],
    },
  });
  renderApp("/projects/demo/datasets/imports");
  expect(await screen.findByRole("alert")).toHaveTextContent("No reader takes it.");
});
