import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { PersonalDataHold } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const HOLDS = "GET /api/v1/projects/demo/personal-data/";

const held = (more: Partial<PersonalDataHold>): PersonalDataHold => ({
  id: 3,
  rows_of: "conversation",
  row_id: 41,
  kinds: ["email"],
  passages: [{ before: "Write to ", found: "ann@harbour.net", after: ", please.", kind: "email" }],
  decision: "open",
  decided_by: null,
  decided_at: null,
  found_at: "2026-01-01T10:00:00Z",
  ...more,
});

it("shows what was found in a held row and takes a person's decision", async () => {
  const server = signedIn(new FakeServer())
    .on(HOLDS, { body: { next: null, results: [held({})] } })
    .on("POST /api/v1/personal-data/3/decision/", () => {
      server.on(HOLDS, { body: { next: null, results: [] } });
      return { body: held({ decision: "blanked", decided_by: "manager" }) };
    });
  renderApp("/projects/demo/datasets/personal-data");
  const row = await screen.findByRole("listitem");
  expect(within(row).getByText("Dialogue 41")).toBeVisible();
  expect(within(row).getByText("ann@harbour.net").tagName).toBe("MARK");
  const choices = within(row).getByRole("group", { name: "Decide of Dialogue 41" });
  await userEvent.click(within(choices).getByRole("button", { name: "Blank what was found" }));
  await screen.findByText("Nothing is held");
  expect(server.sent("POST /api/v1/personal-data/3/decision/")[0]?.body).toEqual({
    decision: "blanked",
  });
});

it("shows who decided what, and lets it be changed", async () => {
  signedIn(new FakeServer()).on(HOLDS, {
    body: {
      next: null,
      results: [held({ decision: "kept", decided_by: "ann", decided_at: "2026-01-02T10:00:00Z" })],
    },
  });
  renderApp("/projects/demo/datasets/personal-data");
  await userEvent.click(await screen.findByRole("radio", { name: "Decided" }));
  expect(await screen.findByText(/kept by ann/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Keep as it is" })).toBeNull();
  expect(screen.getByRole("button", { name: "Leave the row out" })).toBeEnabled();
});
