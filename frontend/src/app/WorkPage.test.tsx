import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

// Loaded before the clock of a test runs.
import "@/components/thread/ReadConversation";
import { NEXT_TURN } from "@/components/thread/turnText";
import "@/components/work/OpenElsewhere";
import "@/features/chat/ChatPage";
import "@/features/demonstration/DemonstrationPage";
import "@/features/ranking/ReadRanking";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, working } from "@/testing/renderApp";
import { assignment, comparison, conversation, message } from "@/testing/samples";

const PATH = "/api/v1/assignments/31";
const begun = assignment({
  kind: "demonstration",
  conversation: conversation([message(0, "user", "How do I boil an egg?")]),
});
const grown = assignment({
  kind: "demonstration",
  conversation: conversation([
    message(0, "user", "How do I boil an egg?"),
    message(1, "assistant", "Eight minutes."),
  ]),
});
const refusal = {
  status: 409,
  body: { code: "open_elsewhere", detail: "This work is open in another tab." },
};

function openedElsewhere(work = begun): FakeServer {
  let taken = false;
  const server = working(new FakeServer(), work).on(`POST ${PATH}/beat/`, ({ body }) => {
    taken ||= (body as { take_over: boolean }).take_over;
    return taken ? { body: { lease_until: "2099-01-01T00:00:00Z", active_seconds: 1 } } : refusal;
  });
  renderApp("/projects/demo/work/31");
  return server;
}

describe("work in hand", () => {
  it("names the guidelines it is done by, and says when they were not read", async () => {
    const task = assignment({
      guideline: { id: 7, version: 2 },
      conversation: conversation([]),
    });
    working(new FakeServer(), task);
    renderApp("/projects/demo/work/31");
    const note = await screen.findByText("Changed since you last read it");
    expect(note.parentElement).toHaveTextContent("version 2 · Changed");
  });

  it("stays on the page when it cannot be fetched again", async () => {
    const chat = assignment({
      kind: "chat",
      conversation: conversation([
        message(0, "user", "How do I boil an egg?"),
        message(1, "assistant", "Eight minutes.", { origin: "model" }),
      ]),
    });
    const server = working(new FakeServer(), chat).on("POST /api/v1/messages/101/feedback/", {});
    renderApp("/projects/demo/work/31");
    await userEvent.type(await screen.findByRole("textbox", { name: "Your message" }), "And then?");
    server.on(`GET ${PATH}/`, { status: 404, body: { code: "not_found", detail: "Gone." } });
    await userEvent.click(screen.getByRole("button", { name: "Good reply" }));
    await waitFor(() => expect(server.sent(`GET ${PATH}/`)).toHaveLength(2));
    await screen.findByRole("dialog");
    expect(screen.getByDisplayValue("And then?")).toBeInTheDocument();
  });
});

it.each([
  {
    code: "task_withdrawn",
    title: "This task was taken out of the queue",
    text: "kept here for you to read and copy",
  },
  {
    code: "work_ended",
    title: "You are done with this task",
    text: "in another tab or on another device",
  },
])("says of a task that is not theirs any more why: $code", async ({ code, title, text }) => {
  const refusal = { status: 409, body: { code, detail: "It is not yours." } };
  working(new FakeServer(), begun).on(`POST ${PATH}/beat/`, refusal);
  renderApp("/projects/demo/work/31");
  const notice = await screen.findByText(title);
  expect(notice.closest('[role="alert"]')).toHaveTextContent(text);
  expect(screen.getByText("How do I boil an egg?")).toBeVisible();
});

it("shows new rulings on such work until they are read", async () => {
  const ruling = { id: 4, text: "May I quote?", answer: "One **line**." };
  working(new FakeServer(), assignment({ ...begun, new_rulings: [ruling] }));
  renderApp("/projects/demo/work/31");
  expect(await screen.findByText("May I quote?")).toBeVisible();
  expect(await screen.findByText("line")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Hide the new rulings" }));
  expect(screen.queryByText("May I quote?")).toBeNull();
});

describe("a question about a task", () => {
  const questions = { questions: [], rulings: [], may_release: true };

  async function ask(mayRelease: boolean) {
    const server = working(new FakeServer(), begun).on(`GET ${PATH}/questions/`, {
      body: { ...questions, may_release: mayRelease },
    });
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: /^Ask a lead/ }));
    await userEvent.type(await screen.findByRole("textbox", { name: "Ask a lead" }), "Why?");
    return server;
  }

  it("gives it back where somebody else may take it", async () => {
    const server = (await ask(true)).on(`POST ${PATH}/questions/`, { status: 201, body: {} });
    await userEvent.click(screen.getByRole("button", { name: "Ask and give the task back" }));
    await waitFor(() => expect(server.sent("POST /api/v1/projects/demo/claims/")).toHaveLength(1));
    expect(server.sent(`POST ${PATH}/questions/`)[0]?.body).toEqual({
      text: "Why?",
      release: true,
    });
  });

  it("keeps what waits for nobody else", async () => {
    await ask(false);
    expect(screen.getByRole("button", { name: "Ask and keep the task" })).toBeEnabled();
    expect(screen.queryByRole("button", { name: "Ask and give the task back" })).toBeNull();
  });
});

describe("work that is open on another page", () => {
  it("is only read, and shows what is written there", async () => {
    const server = openedElsewhere();
    await screen.findByText("This work is open somewhere else");
    server.on(`GET ${PATH}/`, { body: grown });
    await userEvent.click(screen.getByRole("button", { name: "Only read here" }));
    expect(await screen.findByText("Eight minutes.")).toBeVisible();
    expect(screen.queryByRole("textbox")).toBeNull();
    expect(screen.queryByRole("button", { name: "Submit" })).toBeNull();
  });

  it("is read with what is placed there, where it is a ranking", async () => {
    const ranking = assignment({ kind: "ranking", comparison });
    const server = openedElsewhere(ranking);
    await screen.findByText("This work is open somewhere else");
    const placed = { turn: 0, version: 1, payload: { order: [["C"]] }, saved_at: "2026-01-01" };
    server.on(`GET ${PATH}/`, { body: { ...ranking, autosaves: [placed] } });
    await userEvent.click(screen.getByRole("button", { name: "Only read here" }));
    expect(await screen.findByText("Candidate C, tier 1")).toBeVisible();
    expect(screen.getByText("Candidate A")).toBeVisible();
    expect(screen.getByText("No idea.")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Submit" })).toBeNull();
  });

  it("is continued here with what was written there", async () => {
    const server = openedElsewhere();
    await screen.findByText("This work is open somewhere else");
    server.on(`GET ${PATH}/`, { body: grown });
    await userEvent.click(screen.getByRole("button", { name: "Continue here" }));
    expect(await screen.findByText("Eight minutes.")).toBeVisible();
    expect(await screen.findByRole("textbox", { name: /user/i })).toBeVisible();
  });
});

describe("work that is left", () => {
  async function openTwice(server: FakeServer) {
    const pagesOf = (call: string) =>
      server.sent(`POST ${PATH}/${call}/`).map(({ body }) => (body as { page: string }).page);
    const router = renderApp("/projects/demo/work/31");
    await screen.findByText("How do I boil an egg?");
    await act(() => router.navigate("/projects/demo"));
    await act(() => router.navigate("/projects/demo/work/31"));
    await screen.findByText("How do I boil an egg?");
    await waitFor(() => expect(pagesOf("beat")).toHaveLength(2));
    const [first, second] = pagesOf("beat");
    expect(pagesOf("leave")).toEqual([first]);
    return { first, second };
  }

  it("shows what was saved since it was fetched when it is opened again", async () => {
    const server = working(new FakeServer(), begun).on(
      `PUT ${PATH}/autosaves/${NEXT_TURN}/`,
      ({ body }) => ({
        body: { ...(body as object), turn: NEXT_TURN, version: 1, saved_at: "2026-01-01" },
      }),
    );
    const router = renderApp("/projects/demo/work/31");
    await userEvent.type(await screen.findByRole("textbox", { name: /assistant/i }), "Eight.");
    await act(() => router.navigate("/projects/demo"));
    await waitFor(() =>
      expect(window.localStorage.getItem(`labelhub.autosave.31.${NEXT_TURN}`)).toBeNull(),
    );
    expect(server.sent(`PUT ${PATH}/autosaves/${NEXT_TURN}/`).length).toBeGreaterThan(0);
    await act(() => router.navigate("/projects/demo/work/31"));
    expect(await screen.findByRole("textbox", { name: /assistant/i })).toHaveValue("Eight.");
  });

  it("is opened again as another page, so that what was left stays left", async () => {
    const { first, second } = await openTwice(working(new FakeServer(), begun));
    expect(second).not.toBe(first);
  });

  it("is open on the same page still where the server did not hear of the leaving", async () => {
    const signedOut = { status: 401, body: { code: "not_authenticated", detail: "Sign in." } };
    const server = working(new FakeServer(), begun).on(`POST ${PATH}/leave/`, signedOut);
    const { first, second } = await openTwice(server);
    expect(second).toBe(first);
  });
});
