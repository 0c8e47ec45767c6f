import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { AskedQuestion } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const LIST = "/api/v1/projects/demo/questions/";
const ANSWER = "/api/v1/questions/3/answer/";

const asked: AskedQuestion = {
  id: 3,
  assignment: 8,
  kind: "demonstration",
  text: "May I quote a song?",
  asked_at: "2026-01-01T10:00:00Z",
  answer: "",
  answered_at: null,
  pinned_at: null,
  guideline_version: null,
  asked_by: "Tara",
  about: "Write about music.",
  conversation: 12,
};

it("answers what waits and pins the answer as a ruling", async () => {
  const server = signedIn(new FakeServer())
    .on(`GET ${LIST}`, { body: { next: null, results: [asked] } })
    .on(`POST ${ANSWER}`, () => {
      server.on(`GET ${LIST}`, { body: { next: null, results: [] } });
      return { body: { ...asked, answer: "One line." } };
    });
  renderApp("/projects/demo/questions");
  expect(await screen.findByText("Write about music.")).toBeVisible();
  expect(screen.getByRole("link", { name: "Look at the conversation" })).toHaveAttribute(
    "href",
    "/projects/demo/conversations/12",
  );
  expect(server.sent(`GET ${LIST}`)[0]?.query.get("open")).toBe("true");
  await userEvent.type(
    screen.getByRole("textbox", { name: "Answer to: May I quote a song?" }),
    "One line.",
  );
  await userEvent.click(screen.getByRole("checkbox", { name: /Pin as a ruling/ }));
  await userEvent.click(screen.getByRole("button", { name: "Answer" }));
  await waitFor(() =>
    expect(server.sent(`POST ${ANSWER}`)[0]?.body).toEqual({ answer: "One line.", pin: true }),
  );
  expect(await screen.findByText("Nothing waits for an answer")).toBeVisible();
});
