import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn, working } from "@/testing/renderApp";
import { assignment, comparison, conversation, home } from "@/testing/samples";

import { nextQueue } from "./actions";

describe("home", () => {
  it("starts the fullest queue with Enter", async () => {
    const task = assignment({ kind: "ranking", comparison });
    const server = working(new FakeServer(), task).on("POST /api/v1/projects/demo/claims/", {
      body: task,
    });
    const router = renderApp("/projects/demo");
    await screen.findByRole("heading", { name: /12 rankings/ });
    await userEvent.keyboard("{Enter}");
    expect(await screen.findByText("How do I boil an egg?")).toBeVisible();
    expect(router.state.location.pathname).toBe("/projects/demo/work/31");
    expect(server.sent("POST /api/v1/projects/demo/claims/")[0]?.body).toEqual({ kind: "ranking" });
  });

  it("opens the very conversation that came back", async () => {
    const came = { comment: "Too short.", returned_at: "2026-01-01T10:00:00Z" };
    const task = assignment({ kind: "demonstration", conversation: conversation([]) });
    const server = working(new FakeServer(), task)
      .on("GET /api/v1/projects/demo/home/", {
        body: {
          ...home,
          returned: [
            { ...came, task: 5, conversation: 50, title: "Resume help" },
            { ...came, task: 6, conversation: 60, title: "Bread" },
          ],
        },
      })
      .on("POST /api/v1/projects/demo/claims/", { body: task });
    renderApp("/projects/demo");
    const [, second] = await screen.findAllByRole("button", { name: "Rework" });
    if (second === undefined) throw new Error("there is no second one");
    await userEvent.click(second);
    await waitFor(() =>
      expect(server.sent("POST /api/v1/projects/demo/claims/")[0]?.body).toEqual({
        kind: "demonstration",
        returned: 60,
      }),
    );
  });

  it("leads whoever has to sit the exam to it, though their queue is empty", async () => {
    signedIn(new FakeServer()).on("GET /api/v1/projects/demo/home/", {
      body: { ...home, queues: [], exam: "waiting" },
    });
    renderApp("/projects/demo");
    expect(await screen.findByRole("heading", { name: "First, the entry exam" })).toBeVisible();
    expect(screen.getByRole("link", { name: "To the exam" })).toHaveAttribute(
      "href",
      "/projects/demo/mine",
    );
  });

  it("opens the guideline that has to be read first", async () => {
    signedIn(new FakeServer())
      .on("POST /api/v1/projects/demo/claims/", {
        status: 409,
        body: { code: "guideline_unread", detail: "Read it.", guideline: 7 },
      })
      .on("GET /api/v1/guidelines/7/", {
        body: {
          ...home.guidelines[0],
          markdown: "Judge the text, not its length.",
          read_before: null,
        },
      })
      .on("POST /api/v1/guidelines/7/acknowledgement/", {});
    renderApp("/projects/demo");
    await screen.findByRole("heading", { name: /12 rankings/ });
    await userEvent.keyboard("{Enter}");
    expect(await screen.findByText("Judge the text, not its length.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "I have read this" }));
  });

  it("keeps what it shows when it cannot be fetched again, and says so", async () => {
    const server = signedIn(new FakeServer())
      .on("GET /api/v1/guidelines/7/", {
        body: { ...home.guidelines[0], markdown: "Judge the text.", read_before: null },
      })
      .on("POST /api/v1/guidelines/7/acknowledgement/", {});
    renderApp("/projects/demo");
    await userEvent.click(await screen.findByRole("button", { name: "Read" }));
    server.on("GET /api/v1/projects/demo/home/", {
      status: 404,
      body: { code: "not_found", detail: "There is no such project, or it is not yours." },
    });
    await userEvent.click(await screen.findByRole("button", { name: "I have read this" }));
    const notice = await screen.findByText(/What you see may be old/);
    expect(notice).toHaveTextContent("There is no such project");
    expect(screen.getByRole("heading", { name: /12 rankings/ })).toBeInTheDocument();
    server.on("GET /api/v1/projects/demo/home/", { body: home });
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(notice).not.toBeInTheDocument());
    expect(screen.getByRole("heading", { name: /12 rankings/ })).toBeVisible();
  });

  it("says why there is nothing to do, in the server's words", async () => {
    signedIn(new FakeServer()).on("POST /api/v1/projects/demo/claims/", {
      status: 404,
      body: { code: "no_task_available", detail: "The next rankings come tomorrow." },
    });
    renderApp("/projects/demo");
    await userEvent.click(await screen.findByRole("button", { name: "Start: Rank replies" }));
    expect(await screen.findByText("The next rankings come tomorrow.")).toBeVisible();
  });

  it("tells when drafts and replies are late", async () => {
    signedIn(new FakeServer()).on("GET /api/v1/projects/demo/home/", {
      body: { ...home, sampling: { ...home.sampling, state: "down" } },
    });
    renderApp("/projects/demo");
    expect(await screen.findByText("The assistant is late")).toBeVisible();
  });
});

describe("nextQueue", () => {
  it("goes on with the task in hand before a fuller queue, and never into a paused one", () => {
    const queue = { kind: "chat" as const, available: 5, held: null, paused: false };
    expect(nextQueue([queue, { ...queue, held: 3, available: 0 }])?.held).toBe(3);
    expect(nextQueue([{ ...queue, paused: true }])).toBeNull();
    expect(nextQueue([{ ...queue, available: 0 }])).toBeNull();
  });
});
