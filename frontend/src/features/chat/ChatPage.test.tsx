import { cleanup, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FakeServer, streamOf } from "@/testing/fakeServer";
import { renderApp, working } from "@/testing/renderApp";
import { assignment, conversation, home, message } from "@/testing/samples";

const PATH = "/api/v1/assignments/31";
const question = message(0, "user", "How do I boil an egg?");
const waiting = message(1, "assistant", "", { origin: "model", generation: 8 });
const reply = message(1, "assistant", "Eight minutes.", { origin: "model" });
const empty = assignment({ kind: "chat", conversation: conversation([]) });

const ended = (generation: number, state: string, text: string) =>
  streamOf({
    id: `${generation}:9`,
    event: "end",
    data: {
      generation,
      attempt: 1,
      state,
      error: state === "failed" ? { code: "engine", detail: "The model stumbled." } : null,
      completions: [{ index: 0, text, finish_reason: "stop" }],
    },
  });

async function say(server: FakeServer, text: string) {
  renderApp("/projects/demo/work/31");
  await screen.findByRole("textbox", { name: "Your message" });
  await userEvent.keyboard(`${text}{Enter}`);
  await waitFor(() => expect(server.sent(`POST ${PATH}/turns/`)).toHaveLength(1));
}

describe("a chat", () => {
  it("sends with Enter, streams the reply and is finished by its key", async () => {
    const server = working(new FakeServer(), empty)
      .on(`POST ${PATH}/turns/`, () => {
        const told = conversation([question, reply], 3);
        server.on(`GET ${PATH}/`, { body: { ...empty, conversation: told } });
        return { body: conversation([question, waiting], 2) };
      })
      .on("GET /api/v1/events/", { stream: ended(8, "done", "Eight minutes.") })
      .on(`POST ${PATH}/chat/`, { body: { state: "submitted" } });
    await say(server, "How do I boil an egg?");
    expect(server.sent(`POST ${PATH}/turns/`)[0]?.body).toMatchObject({
      content: "How do I boil an egg?",
      version: 1,
    });
    expect(await screen.findByText("Eight minutes.")).toBeVisible();
    // The editor is there again once the reply is part of the conversation.
    await screen.findByRole("textbox", { name: "Your message" });
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(`POST ${PATH}/chat/`)).toHaveLength(1));
  });

  it("tells that a reply failed and offers another try", async () => {
    const server = working(new FakeServer(), empty)
      .on(`POST ${PATH}/turns/`, {
        body: conversation([question, { ...waiting, generation: 9 }], 2),
      })
      .on("GET /api/v1/events/", { stream: ended(9, "failed", "") })
      .on(`POST ${PATH}/regenerate/`, { body: conversation([question, reply], 3) });
    await say(server, "How do I boil an egg?");
    expect(await screen.findByText("The model stumbled.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Eight minutes.")).toBeVisible();
    expect(server.sent(`POST ${PATH}/regenerate/`)[0]?.body).toEqual({ version: 2 });
  });

  it("keeps the words when they could not be sent", async () => {
    const server = working(new FakeServer(), empty).on(`POST ${PATH}/turns/`, {
      status: 503,
      body: { code: "unavailable", detail: "Back in a moment." },
    });
    await say(server, "Do not lose me");
    expect(await screen.findByText("Back in a moment.")).toBeVisible();
    expect(screen.getByRole("textbox", { name: "Your message" })).toHaveValue("Do not lose me");
    // The same words may have arrived, and go under the same key; others are another message.
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(server.sent(`POST ${PATH}/turns/`)).toHaveLength(2));
    await screen.findByText("Back in a moment.");
    await userEvent.keyboard("!{Enter}");
    await waitFor(() => expect(server.sent(`POST ${PATH}/turns/`)).toHaveLength(3));
    const [first, again, other] = server
      .sent(`POST ${PATH}/turns/`)
      .map(({ body }) => body as { key: string; content: string });
    expect(again).toEqual(first);
    expect(other?.content).toBe("Do not lose me!");
    expect(other?.key).not.toBe(first?.key);
  });

  it("takes no words that would go unsent while a message is on its way", async () => {
    let refuse: () => void = () => undefined;
    const server = working(new FakeServer(), empty).on(
      `POST ${PATH}/turns/`,
      () =>
        new Promise((resolve) => {
          const body = { code: "unavailable", detail: "Back in a moment." };
          refuse = () => resolve({ status: 503, body });
        }),
    );
    await say(server, "Hello?");
    const box = screen.getByRole("textbox", { name: "Your message" });
    expect(box).toHaveAttribute("readonly");
    await userEvent.keyboard(" And more");
    expect(box).toHaveValue("Hello?");
    refuse();
    await waitFor(() => expect(box).not.toHaveAttribute("readonly"));
    await userEvent.keyboard(" And more");
    expect(box).toHaveValue("Hello? And more");
  });

  it("says in the place of the composer that no message and reply go in any more", async () => {
    const whole = { ...empty, conversation: conversation([question, { ...reply, id: 101 }], 2) };
    working(new FakeServer(), whole).on("GET /api/v1/projects/demo/home/", {
      body: { ...home, project: { ...home.project, max_turns: 3 } },
    });
    renderApp("/projects/demo/work/31");
    expect(await screen.findByText(/takes 3 turns at the most/)).toBeVisible();
    expect(screen.queryByRole("textbox")).toBeNull();
  });

  it("keeps with another thumb what was said with the last, and no better reply with a good one", async () => {
    const given = {
      thumb: "down" as const,
      reasons: ["style" as const, "other" as const],
      comment: "Too short.",
      rewrite: "Eight minutes, in boiling water.",
    };
    const judged = conversation([question, { ...reply, id: 101, feedback: given }], 2);
    const server = working(new FakeServer(), { ...empty, conversation: judged }).on(
      "POST /api/v1/messages/101/feedback/",
      {},
    );
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: "Good reply" }));
    await userEvent.click(await screen.findByRole("button", { name: "Keep" }));
    const sent = () => server.sent("POST /api/v1/messages/101/feedback/").map(({ body }) => body);
    await waitFor(() => expect(sent()).toHaveLength(2));
    const up = { thumb: "up", reasons: ["other"], comment: "Too short.", rewrite: "" };
    expect(sent()).toMatchObject([up, up]);
  });

  it("gives back with the thumb before what the other thumb has no place for", async () => {
    const down = {
      thumb: "down" as const,
      reasons: ["style" as const, "other" as const],
      comment: "Too short.",
      rewrite: "Eight minutes, in boiling water.",
    };
    const up = { ...down, thumb: "up" as const, reasons: ["other" as const], rewrite: "" };
    const judged = (feedback: typeof down | typeof up) => ({
      body: {
        ...empty,
        conversation: conversation([question, { ...reply, id: 101, feedback }], 2),
      },
    });
    const server = working(new FakeServer(), judged(down).body);
    server.on("POST /api/v1/messages/101/feedback/", () => {
      server.on(`GET ${PATH}/`, judged(up));
      return {};
    });
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: "Good reply" }));
    await userEvent.click(await screen.findByRole("button", { name: "The thumb is enough" }));
    await waitFor(() =>
      expect(screen.getByRole("button", { name: "Good reply" })).toHaveAttribute(
        "aria-pressed",
        "true",
      ),
    );
    await userEvent.click(screen.getByRole("button", { name: "Bad reply" }));
    const sent = () => server.sent("POST /api/v1/messages/101/feedback/").map(({ body }) => body);
    await waitFor(() => expect(sent()).toHaveLength(2));
    expect(sent()).toMatchObject([up, down]);
  });

  it("warns of personal data in what a reply should have said", async () => {
    const given = { thumb: "down" as const, reasons: [], comment: "", rewrite: "" };
    const judged = conversation([question, { ...reply, id: 101, feedback: given }], 2);
    const sentence = "“ada@mail.org” looks like an e-mail address.";
    const path = "POST /api/v1/messages/101/feedback/";
    const server = working(new FakeServer(), { ...empty, conversation: judged }).on(
      path,
      ({ body }) =>
        (body as { personal_data_confirmed: boolean }).personal_data_confirmed
          ? {}
          : {
              status: 409,
              body: {
                code: "personal_data_found",
                detail: "Some of this looks like personal data.",
                fields: { rewrite: [sentence] },
              },
            },
    );
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: "Bad reply" }));
    const box = await screen.findByLabelText("What it should have said (optional)");
    await userEvent.type(box, "Ask ada@mail.org.");
    await userEvent.click(screen.getByRole("button", { name: "Keep" }));
    expect(await screen.findByText(sentence)).toBeVisible();
    expect(box).toHaveValue("Ask ada@mail.org.");
    await userEvent.click(screen.getByRole("button", { name: "It belongs to nobody; keep it" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(server.sent(path).at(-1)?.body).toMatchObject({
      thumb: "down",
      rewrite: "Ask ada@mail.org.",
      personal_data_confirmed: true,
    });
  });

  it("offers what a reply should have said again after the page was loaded anew", async () => {
    const rewrite = "Eight minutes, in boiling water.";
    const down = { thumb: "down" as const, reasons: [], comment: "", rewrite };
    const judged = (feedback: typeof down | (Omit<typeof down, "thumb"> & { thumb: "up" })) => ({
      ...empty,
      conversation: conversation([question, { ...reply, id: 101, feedback }], 2),
    });
    const server = working(new FakeServer(), judged(down)).on(
      "POST /api/v1/messages/101/feedback/",
      {},
    );
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: "Good reply" }));
    await screen.findByRole("dialog");
    cleanup();
    server.on(`GET ${PATH}/`, { body: judged({ ...down, thumb: "up", rewrite: "" }) });
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: "Bad reply" }));
    expect(await screen.findByLabelText("What it should have said (optional)")).toHaveValue(
      rewrite,
    );
  });

  it("continues a stopped reply by its key, and keeps it where nothing is added", async () => {
    const stopped = message(1, "assistant", "One, two", {
      origin: "model",
      finish_reason: "cancelled",
    });
    const counted = { ...stopped, id: 102, content: "One, two, three.", finish_reason: "stop" };
    const begun = conversation([question, stopped], 2);
    const asked = conversation([question, { ...stopped, generation: 10 }], 3);
    const server = working(new FakeServer(), { ...empty, conversation: begun })
      .on(`POST ${PATH}/continue/`, () => {
        server.on(`GET ${PATH}/`, { body: { ...empty, conversation: asked } });
        return { body: asked };
      })
      .on("GET /api/v1/events/", { stream: ended(10, "done", "") });
    renderApp("/projects/demo/work/31");
    expect(await screen.findByText("Stopped")).toBeVisible();
    await userEvent.keyboard("{Alt>}c{/Alt}");
    expect(await screen.findByText(/added nothing/)).toBeVisible();
    await waitFor(() => expect(screen.getByText("One, two")).toBeVisible());
    server
      .on(`POST ${PATH}/continue/`, () => {
        const told = conversation([question, counted], 4);
        server.on(`GET ${PATH}/`, { body: { ...empty, conversation: told } });
        return { body: conversation([question, { ...stopped, generation: 11 }], 4) };
      })
      .on("GET /api/v1/events/", { stream: ended(11, "done", ", three.") });
    await userEvent.click(screen.getByRole("button", { name: "Continue" }));
    // What streamed gives way to the message that was stored.
    await waitFor(() => expect(screen.getByText("One, two, three.")).toBeVisible());
    expect(server.sent(`POST ${PATH}/continue/`).map(({ body }) => body)).toEqual([
      { version: 2 },
      { version: 3 },
    ]);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Continue" })).toBeNull());
  });
});
