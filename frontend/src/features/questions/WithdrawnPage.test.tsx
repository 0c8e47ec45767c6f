import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const LIST = "GET /api/v1/projects/demo/withdrawn/";
const task = {
  id: 3,
  kind: "demonstration",
  language: "en",
  prompt: "Explain the thing.",
  prompt_kind: "brief",
  comparison: null,
  conversation: null,
  skips: [
    { by: "Ana", reason: "unclear", comment: "Which thing?", at: "2026-01-01T10:00:00Z" },
    { by: "Ben", reason: "broken", comment: "", at: "2026-01-01T10:05:00Z" },
  ],
};

function opened(): FakeServer {
  const server = signedIn(new FakeServer())
    .on(LIST, { body: { next: null, results: [task] } })
    .on("POST /api/v1/tasks/3/put-back/", {})
    .on("POST /api/v1/tasks/3/drop/", {});
  renderApp("/projects/demo/withdrawn");
  return server;
}

describe("a withdrawn task", () => {
  it("says who gave it back and why, and goes back with a better brief", async () => {
    const server = opened();
    const brief = await screen.findByRole("textbox", { name: "Its brief" });
    expect(screen.getByText("Which thing?")).toBeVisible();
    expect(screen.getByText("Something is broken")).toBeVisible();
    await userEvent.clear(brief);
    await userEvent.type(brief, "Explain TLS.");
    server.on(LIST, { body: { next: null, results: [] } });
    await userEvent.click(screen.getByRole("button", { name: "Put back with this text" }));
    expect(await screen.findByText("No task waits for a decision")).toBeVisible();
    expect(server.sent("POST /api/v1/tasks/3/put-back/")[0]?.body).toEqual({
      text: "Explain TLS.",
    });
  });

  it("is dropped only after a second word", async () => {
    const server = opened();
    await userEvent.click(await screen.findByRole("button", { name: "Drop it" }));
    expect(server.sent("POST /api/v1/tasks/3/drop/")).toHaveLength(0);
    await userEvent.click(screen.getByRole("button", { name: "Drop the task" }));
    await waitFor(() => expect(server.sent("POST /api/v1/tasks/3/drop/")).toHaveLength(1));
  });
});
