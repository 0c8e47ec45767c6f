import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { blankTurn, NEXT_TURN, TURNS_BETWEEN } from "@/components/thread/turnText";
import { FakeServer, streamOf } from "@/testing/fakeServer";
import { renderApp, working } from "@/testing/renderApp";
import { assignment, conversation, home, message } from "@/testing/samples";

const PATH = "/api/v1/assignments/31";
const question = message(0, "user", "How do I boil an egg?");
const answer = message(1, "assistant", "Eight minutes.");

const draftStream = streamOf(
  {
    id: "8:1",
    event: "delta",
    data: { generation: 8, attempt: 1, index: 0, offset: 0, text: "In " },
  },
  {
    id: "8:2",
    event: "delta",
    data: { generation: 8, attempt: 1, index: 1, offset: 0, text: "Ask " },
  },
  {
    id: "8:3",
    event: "end",
    data: {
      generation: 8,
      attempt: 1,
      state: "done",
      error: null,
      completions: [
        { index: 0, text: "In boiling water.", finish_reason: "stop" },
        { index: 1, text: "Ask a cook.", finish_reason: "stop" },
      ],
    },
  },
);

describe("writing a demonstration", () => {
  it("asks whether to go on here or only read when another tab saved first", async () => {
    const server = working(new FakeServer(), assignment({ conversation: conversation([question]) }))
      .on(`PUT ${PATH}/thread/`, {
        status: 409,
        body: { code: "stale_version", detail: "It changed elsewhere.", version: 2 },
      })
      .on(`GET ${PATH}/thread/`, { body: conversation([question, answer], 2) });
    renderApp("/projects/demo/work/31");
    const composer = await screen.findByRole("textbox", { name: "Write as Assistant" });
    await userEvent.type(composer, "Ten minutes.");
    await userEvent.keyboard("{Alt>}{Enter}{/Alt}");
    await userEvent.click(await screen.findByRole("button", { name: "Only read here" }));
    expect(screen.getByText(/You only read here; the work goes on/)).toBeVisible();
    expect(screen.queryByRole("textbox", { name: "Write as Assistant" })).toBeNull();
    expect(screen.getByRole("button", { name: /Submit/ })).toBeDisabled();
    server.on(`GET ${PATH}/`, {
      body: assignment({ conversation: conversation([question, answer], 2) }),
    });
    await userEvent.click(screen.getByRole("button", { name: "Continue here" }));
    expect(await screen.findByText("Eight minutes.")).toBeVisible();
    expect(await screen.findByRole("textbox", { name: "Write as User" })).toBeVisible();
  });

  it("goes from the first word over a draft to the submission by keyboard alone", async () => {
    const task = assignment({ conversation: conversation([]) });
    const server = working(new FakeServer(), task)
      .on(`PUT ${PATH}/thread/`, { body: conversation([question], 2) })
      .on(`POST ${PATH}/drafts/`, {
        status: 201,
        body: {
          drafts: [
            { id: 51, generation: 8, index: 0, shown_order: 1 },
            { id: 52, generation: 8, index: 1, shown_order: 0 },
          ],
        },
      })
      .on("GET /api/v1/events/", { stream: draftStream })
      .on("PATCH /api/v1/drafts/51/", {})
      .on("PATCH /api/v1/drafts/52/", {});
    renderApp("/projects/demo/work/31");
    await screen.findByRole("textbox", { name: "Write as User" });
    await userEvent.keyboard("{Alt>}[KeyU]{/Alt}");
    expect(screen.getByRole("radio", { name: "System" })).toBeChecked();
    await userEvent.keyboard("{Alt>}[KeyU]{/Alt}");
    await userEvent.keyboard("How do I boil an egg?{Alt>}{Enter}{/Alt}");
    await screen.findByRole("textbox", { name: "Write as Assistant" });
    expect(server.sent(`PUT ${PATH}/thread/`)[0]?.body).toEqual({
      version: 1,
      turns: [
        {
          role: "user",
          content: "How do I boil an egg?",
          draft: null,
          draft_part: false,
          pasted_characters: 0,
        },
      ],
    });

    await userEvent.keyboard("{Alt>}[KeyJ]{/Alt}");
    // The order on the page is the stored one, not the engine's.
    const drafts = await screen.findByRole("region", { name: "Drafts for the next turn" });
    await waitFor(() => expect(drafts).toHaveTextContent(/Ask a cook\..*In boiling water\./));
    expect(server.sent("GET /api/v1/events/")[0]?.query.get("generations")).toBe("8");
    // The first word by Tab, then the rest at once.
    await userEvent.tab();
    expect(screen.getByRole("textbox", { name: "Write as Assistant" })).toHaveValue("Ask");
    // Escape lets Tab pass on, as it does elsewhere.
    await userEvent.keyboard("{Escape}");
    await userEvent.tab();
    expect(screen.getByRole("textbox", { name: "Write as Assistant" })).not.toHaveFocus();
    await userEvent.tab({ shift: true });
    expect(screen.getByRole("textbox", { name: "Write as Assistant" })).toHaveValue("Ask");
    await userEvent.keyboard("{Alt>}[KeyI]{/Alt}");
    expect(screen.getByRole("textbox", { name: "Write as Assistant" })).toHaveValue("Ask a cook.");
    await userEvent.keyboard(" Really.");

    server
      .on(`PUT ${PATH}/thread/`, { body: conversation([question, answer], 3) })
      .on(`POST ${PATH}/demonstration/`, { body: { state: "submitted", next: "review" } });
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(`POST ${PATH}/demonstration/`)).toHaveLength(1));
    expect(server.sent(`PUT ${PATH}/thread/`)[1]?.body).toEqual({
      version: 2,
      turns: [
        { id: 100 },
        {
          role: "assistant",
          content: "Ask a cook. Really.",
          draft: 52,
          draft_part: false,
          pasted_characters: 0,
        },
      ],
    });
    expect(server.sent(`POST ${PATH}/demonstration/`)[0]?.body).toMatchObject({ version: 3 });
    // Neither was waved away: what became of them is found at submit.
    expect(server.sent("PATCH /api/v1/drafts/51/")[0]?.body).toMatchObject({
      text_as_shown: "In boiling water.",
    });
    expect(server.sent("PATCH /api/v1/drafts/51/")[0]?.body).not.toHaveProperty("outcome");
    expect(server.sent("PATCH /api/v1/drafts/52/")[0]?.body).not.toHaveProperty("outcome");
  });

  it.each([
    { how: "waved away", by: "{Alt>}[KeyX]{/Alt}", outcome: "dismissed" },
    { how: "left on the page", by: null, outcome: undefined },
  ])("tells the ledger of drafts that are $how", async ({ by, outcome }) => {
    const server = working(new FakeServer(), assignment({ conversation: conversation([question]) }))
      .on(`POST ${PATH}/drafts/`, {
        status: 201,
        body: { drafts: [{ id: 51, generation: 8, index: 0, shown_order: 0 }] },
      })
      .on("GET /api/v1/events/", { stream: draftStream })
      .on("PATCH /api/v1/drafts/51/", {});
    const router = renderApp("/projects/demo/work/31");
    await screen.findByRole("textbox", { name: "Write as Assistant" });
    await userEvent.keyboard("{Alt>}[KeyJ]{/Alt}");
    expect(await screen.findByText("In boiling water.")).toBeVisible();
    if (by === null) await router.navigate("/projects/demo");
    else await userEvent.keyboard(by);
    await waitFor(() => expect(server.sent("PATCH /api/v1/drafts/51/")).toHaveLength(1));
    const told = server.sent("PATCH /api/v1/drafts/51/")[0]?.body as Record<string, unknown>;
    expect(told).toMatchObject({ text_as_shown: "In boiling water." });
    expect(told.on_screen_seconds).toBeGreaterThan(0);
    expect(told.outcome).toBe(outcome);
  });

  it("brings back what was autosaved, and shows what is missing", async () => {
    const payload = { role: "assistant", content: "Half a th", draft: null, pasted_characters: 0 };
    const autosaves = [{ turn: NEXT_TURN, version: 2, payload, saved_at: "2026-01-01T10:00:00Z" }];
    working(new FakeServer(), assignment({ conversation: conversation([question]), autosaves }));
    renderApp("/projects/demo/work/31");
    expect(await screen.findByRole("textbox", { name: "Write as Assistant" })).toHaveValue(
      "Half a th",
    );
    await userEvent.clear(screen.getByRole("textbox", { name: "Write as Assistant" }));
    expect(
      screen.getByText(/has no answer yet: the conversation has to end with the assistant/),
    ).toBeVisible();
    expect(screen.getByRole("button", { name: "Submit" })).toBeDisabled();
  });

  it("shows how the turn will look and goes back to its words by one key", async () => {
    working(new FakeServer(), assignment({ conversation: conversation([question]) }));
    renderApp("/projects/demo/work/31");
    await userEvent.type(
      await screen.findByRole("textbox", { name: "Write as Assistant" }),
      "Eight",
    );
    await userEvent.keyboard("{Alt>}p{/Alt}");
    expect(screen.queryByRole("textbox", { name: "Write as Assistant" })).toBeNull();
    expect(document.body).not.toHaveFocus();
    await userEvent.keyboard("{Alt>}p{/Alt}");
    const composer = screen.getByRole("textbox", { name: "Write as Assistant" });
    expect(composer).toHaveFocus();
    expect(composer).toHaveValue("Eight");
  });

  it("rewrites a turn in its place and keeps the text when that is refused", async () => {
    const task = assignment({ conversation: conversation([question, answer], 5) });
    const server = working(new FakeServer(), task).on(`PUT ${PATH}/thread/`, {
      status: 409,
      body: { code: "stale_version", detail: "Changed." },
    });
    renderApp("/projects/demo/work/31");
    await userEvent.click((await screen.findAllByRole("button", { name: "Edit" }))[0]!);
    const editor = screen.getByRole("textbox", { name: "Rewrite this turn of the User" });
    expect(editor).toHaveFocus();
    await userEvent.keyboard(" Softly?");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("alert")).toHaveTextContent(
      "Another tab or device saved a newer version",
    );
    expect(editor).toHaveValue("How do I boil an egg? Softly?");
    expect(server.sent(`PUT ${PATH}/thread/`)[0]?.body).toMatchObject({
      version: 5,
      turns: [{ role: "user", content: "How do I boil an egg? Softly?" }, { id: 101 }],
    });
  });

  it("puts a question and its answer in between, and keeps nothing of them in progress", async () => {
    const asked = message(0, "user", "What else do I need?");
    const answered = message(1, "assistant", "Salt.");
    const server = working(
      new FakeServer(),
      assignment({ conversation: conversation([question, answer]) }),
    ).on(`PUT ${PATH}/thread/`, { body: conversation([asked, answered, question, answer], 2) });
    renderApp("/projects/demo/work/31");
    const turn = await screen.findByRole("article", { name: "User" });
    // What is being written at the end is there still when the end has moved.
    await userEvent.type(screen.getByRole("textbox", { name: "Write as User" }), "And peel");
    await userEvent.click(within(turn).getByRole("button", { name: "Insert before" }));
    const save = screen.getByRole("button", { name: "Save" });
    await userEvent.type(screen.getByRole("textbox", { name: "Insert as User" }), asked.content);
    expect(save).toBeDisabled();
    await userEvent.type(screen.getByRole("textbox", { name: "Insert as Assistant" }), "Salt.");
    expect(save).toBeEnabled();
    await userEvent.click(save);
    expect(await screen.findByText("What else do I need?")).toBeVisible();
    const put = server.sent(`PUT ${PATH}/thread/`)[0]?.body as { turns: { content?: string }[] };
    expect(put.turns.map(({ content }) => content).slice(0, 2)).toEqual([
      asked.content,
      answered.content,
    ]);
    for (const turn of [TURNS_BETWEEN, TURNS_BETWEEN + 1]) {
      await waitFor(() =>
        expect(server.sent(`PUT ${PATH}/autosaves/${turn}/`).at(-1)?.body).toMatchObject({
          payload: { content: "" },
        }),
      );
    }
    const composer = screen.getByRole("textbox", { name: "Write as User" });
    expect(composer).toHaveValue("And peel");
    await userEvent.type(composer, " it.{Alt>}{Enter}{/Alt}");
    await waitFor(() => expect(server.sent(`PUT ${PATH}/thread/`)).toHaveLength(2));
    expect(server.sent(`PUT ${PATH}/thread/`)[1]?.body).toMatchObject({
      turns: [{}, {}, {}, {}, { role: "user", content: "And peel it." }],
    });
  });

  it("says in the place of the composer that no question and answer go in any more", async () => {
    const begun = assignment({ conversation: conversation([question]) });
    const server = working(new FakeServer(), begun)
      .on("GET /api/v1/projects/demo/home/", {
        body: { ...home, project: { ...home.project, max_turns: 3 } },
      })
      .on(`PUT ${PATH}/thread/`, { body: conversation([question, answer], 2) });
    renderApp("/projects/demo/work/31");
    await userEvent.type(
      await screen.findByRole("textbox", { name: "Write as Assistant" }),
      "Eight minutes.{Alt>}{Enter}{/Alt}",
    );
    expect(await screen.findByText(/takes 3 turns at the most/)).toHaveFocus();
    expect(screen.getByText("Saved")).toBeVisible();
    expect(screen.queryByRole("textbox")).toBeNull();
    expect(server.sent(`PUT ${PATH}/thread/`)).toHaveLength(1);
    expect(screen.getByRole("button", { name: "Submit" })).toBeEnabled();
  });

  it("forgets words that were sent before the page could", async () => {
    const payload = { ...blankTurn("assistant"), content: "Eight minutes." };
    const autosaves = [{ turn: NEXT_TURN, version: 2, payload, saved_at: "2026-01-01T10:00:00Z" }];
    const task = assignment({ conversation: conversation([question, answer]), autosaves });
    working(new FakeServer(), task);
    renderApp("/projects/demo/work/31");
    expect(await screen.findByRole("textbox", { name: "Write as User" })).toHaveValue("");
  });

  it("says to reload where the server was updated since, and keeps the words", async () => {
    const entry = document.createElement("script");
    entry.type = "module";
    // Never fetched: jsdom runs no modules.
    entry.src = "/static/assets/index-old.js";
    document.head.append(entry);
    try {
      const task = assignment({ conversation: conversation([question]) });
      const fields = { flavour: ["There is no such field."] };
      const refusal = { status: 400, body: { code: "invalid", detail: "See fields.", fields } };
      const server = working(new FakeServer(), task)
        .on(`PUT ${PATH}/autosaves/${NEXT_TURN}/`, refusal)
        .on(`PUT ${PATH}/thread/`, refusal)
        .on("GET /", { stream: '<script src="/static/assets/index-new.js"></script>' });
      renderApp("/projects/demo/work/31");
      const composer = await screen.findByRole("textbox", { name: "Write as Assistant" });
      await userEvent.type(composer, "Ten minutes.");
      expect(await screen.findByText(/labelhub was updated: reload this page/)).toBeVisible();
      await userEvent.keyboard("{Alt>}{Enter}{/Alt}");
      expect(await screen.findByText(/updated after this page was opened/)).toBeVisible();
      expect(composer).toHaveValue("Ten minutes.");
      expect(JSON.stringify(localStorage)).toContain("Ten minutes.");

      // The same build: then it is the words themselves that were refused.
      server.on("GET /", { stream: `<script src="/static/assets/index-old.js"></script>` });
      await userEvent.keyboard("{Alt>}{Enter}{/Alt}");
      expect(await screen.findByText("See fields.")).toBeVisible();
    } finally {
      entry.remove();
    }
  });

  it("shows why it was returned, turn by turn", async () => {
    const previous = {
      conversation: conversation([question, answer]),
      comment: "Nearly there.",
      comments: [{ message: 101, text: "Say how big the egg is." }],
    };
    working(
      new FakeServer(),
      assignment({ conversation: conversation([question, answer]), previous, reason: "redo" }),
    );
    renderApp("/projects/demo/work/31");
    expect(await screen.findByText("Nearly there.")).toBeVisible();
    expect(screen.getByText("Say how big the egg is.").parentElement).toHaveTextContent("Turn 2:");
  });
});
