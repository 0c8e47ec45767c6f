import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, working } from "@/testing/renderApp";
import { assignment, conversation, message } from "@/testing/samples";

const PATH = "/api/v1/assignments/31";
const SUBMIT = `POST ${PATH}/review/`;
const question = message(0, "user", "How do I boil an egg?");
const answer = message(1, "assistant", "Eight minutes.");
const task = assignment({ kind: "review", conversation: conversation([question, answer], 4) });

async function open(): Promise<FakeServer> {
  const server = working(new FakeServer(), task).on(SUBMIT, {
    status: 201,
    body: { state: "submitted" },
  });
  renderApp("/projects/demo/work/31");
  await screen.findByText("Eight minutes.");
  return server;
}

describe("a review", () => {
  it("approves with one key", async () => {
    const server = await open();
    await userEvent.keyboard("a");
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({ verdict: "approved", comments: [] });
  });

  it("returns with a word overall and one on a turn", async () => {
    const server = await open();
    await userEvent.keyboard("{ArrowUp}c");
    await userEvent.type(await screen.findByLabelText("Comment on this turn"), "Which egg?");
    await userEvent.keyboard("{Escape}r");
    const dialog = await screen.findByRole("dialog", { name: "Return to the writer" });
    const confirm = within(dialog).getByRole("button", { name: "Return" });
    expect(confirm).toBeDisabled();
    await userEvent.type(screen.getByLabelText(/Why\?/), "Be exact.");
    await userEvent.click(confirm);
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({
      verdict: "returned",
      comment: "Be exact.",
      comments: [{ message: 101, text: "Which egg?" }],
    });
  });

  it("takes a turn's comment up again by the same key, and leaves it to the turn", async () => {
    const server = await open();
    await userEvent.keyboard("{ArrowUp}c");
    await userEvent.keyboard("Which egg?{Escape}");
    const turn = screen.getAllByRole("article").at(-1);
    expect(turn).toHaveFocus();
    // Were it not in the text, each of these letters would be a verdict.
    await userEvent.keyboard("c");
    expect(screen.getByLabelText("Comment on this turn")).toHaveFocus();
    await userEvent.keyboard(" A raw axe");
    expect(screen.getByLabelText("Comment on this turn")).toHaveValue("Which egg? A raw axe");
    expect(server.sent(SUBMIT)).toHaveLength(0);
  });

  it("saves what was written before it hands the verdict in, so that no save comes after it", async () => {
    const server = await open();
    const path = `PUT ${PATH}/autosaves/9999/`;
    let answer: () => void = () => undefined;
    const lease_until = "2099-01-01T00:00:00Z";
    server.on(
      path,
      () =>
        new Promise((resolve) => {
          answer = () =>
            resolve({ body: { turn: 9_999, version: 1, saved_at: lease_until, lease_until } });
        }),
    );
    await userEvent.keyboard("r");
    const dialog = await screen.findByRole("dialog", { name: "Return to the writer" });
    await userEvent.click(screen.getByLabelText(/Why\?/));
    await userEvent.paste("Be exact.");
    await userEvent.click(within(dialog).getByRole("button", { name: "Return" }));
    await waitFor(() => expect(server.sent(path)).toHaveLength(1));
    expect(server.sent(SUBMIT)).toHaveLength(0);
    answer();
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
  });

  it("warns of personal data in what was fixed, and goes on once that is said to be nobody's", async () => {
    const server = await open();
    const sentence = "“bob@mail.org” looks like an e-mail address.";
    server.on(SUBMIT, ({ body }) =>
      (body as { personal_data_confirmed: boolean }).personal_data_confirmed
        ? { status: 201, body: { state: "submitted" } }
        : {
            status: 409,
            body: {
              code: "personal_data_found",
              detail: "Some of this looks like personal data.",
              fields: { "turns.1": [sentence] },
            },
          },
    );
    await userEvent.keyboard("a");
    expect(await screen.findByText(sentence)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "It belongs to nobody; submit" }));
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(2));
    expect(server.sent(SUBMIT)[1]?.body).toMatchObject({
      verdict: "approved",
      personal_data_confirmed: true,
    });
  });

  it("approves with fixes once a turn was changed", async () => {
    const server = await open();
    server.on(`PUT ${PATH}/thread/`, {
      body: {
        ...conversation([question, { ...answer, id: 200, content: "Nine minutes." }], 5),
        fixed_in_review: true,
      },
    });
    await userEvent.keyboard("{ArrowUp}e");
    const editor = await screen.findByRole("textbox", {
      name: "Rewrite this turn of the Assistant",
    });
    await userEvent.clear(editor);
    await userEvent.type(editor, "Nine minutes.");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.getByRole("article", { name: "Assistant" })).toHaveFocus());
    expect(await screen.findByText("Saved")).toBeVisible();
    await userEvent.click(await screen.findByRole("button", { name: "Approve with fixes" }));
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({ verdict: "fixed" });
    expect(server.sent(`PUT ${PATH}/thread/`)[0]?.body).toMatchObject({
      version: 4,
      turns: [{ id: 100 }, { content: "Nine minutes." }],
    });
  });

  it("remembers a fix that was made before the page was opened", async () => {
    const fixed = { ...conversation([question, answer], 5), fixed_in_review: true };
    const server = working(
      new FakeServer(),
      assignment({ kind: "review", conversation: fixed }),
    ).on(SUBMIT, { status: 201, body: { state: "submitted" } });
    renderApp("/projects/demo/work/31");
    await userEvent.click(await screen.findByRole("button", { name: "Approve with fixes" }));
    await waitFor(() => expect(server.sent(SUBMIT)[0]?.body).toMatchObject({ verdict: "fixed" }));
  });

  it("shows what an earlier version was returned for, as its writer's affair", async () => {
    const previous = {
      conversation: conversation([question, answer]),
      comment: "Nearly there.",
      comments: [],
    };
    working(new FakeServer(), { ...task, previous });
    renderApp("/projects/demo/work/31");
    expect(await screen.findByText("Nearly there.")).toBeVisible();
    expect(screen.getByText("An earlier version was returned to its writer")).toBeVisible();
  });

  it("takes turns away, and loads what another page changed meanwhile", async () => {
    const more = [question, answer, message(2, "user", "Why?"), message(3, "assistant", "So.")];
    const task = assignment({ kind: "review", conversation: conversation(more, 4) });
    const server = working(new FakeServer(), task).on(`PUT ${PATH}/thread/`, {
      status: 409,
      body: { code: "stale_version", detail: "It changed elsewhere.", version: 5 },
    });
    renderApp("/projects/demo/work/31");
    await screen.findByText("Eight minutes.");
    const [first] = screen.getAllByRole("button", { name: "Delete with the next" });
    if (first === undefined) throw new Error("nothing can be taken away");
    await userEvent.click(first);
    expect(server.sent(`PUT ${PATH}/thread/`)[0]?.body).toEqual({
      version: 4,
      turns: [{ id: 102 }, { id: 103 }],
    });
    await userEvent.click(await screen.findByRole("button", { name: "Only read here" }));
    expect(screen.getByRole("button", { name: "Approve" })).toBeDisabled();
    const newer = { ...conversation([question, answer], 5), fixed_in_review: true };
    server.on(`GET ${PATH}/`, { body: { ...task, conversation: newer } });
    await userEvent.click(screen.getByRole("button", { name: "Continue here" }));
    expect(await screen.findByRole("button", { name: "Approve with fixes" })).toBeEnabled();
    expect(screen.queryByText("So.")).toBeNull();
  });
});

describe("what was written in an entry exam", () => {
  it("gets a score by one key, and can be neither changed nor approved", async () => {
    const server = working(new FakeServer(), { ...task, is_scored: true }).on(SUBMIT, {
      status: 201,
      body: { state: "submitted" },
    });
    renderApp("/projects/demo/work/31");
    await screen.findByText("Eight minutes.");
    expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findAllByText("Choose a score first")).not.toHaveLength(0);
    expect(server.sent(SUBMIT)).toHaveLength(0);
    await userEvent.keyboard("5");
    expect(screen.getByRole("radio", { name: "5" })).toBeChecked();
    await userEvent.click(screen.getByRole("radio", { name: "6" }));
    await userEvent.type(screen.getByLabelText(/^Why/), "Kind and exact.");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({
      verdict: "scored",
      score: 6,
      comment: "Kind and exact.",
      comments: [],
    });
  });
});
