import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { ComparisonDetail } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";
import { comparisonDetail } from "@/testing/samples";

const [first] = comparisonDetail().candidates;
const three = [0, 1, 2].map((index) => ({ ...first!, index, id: 50 + index }));

function marking(more: Partial<ComparisonDetail> = {}): FakeServer {
  const server = signedIn(new FakeServer()).on("GET /api/v1/comparisons/4/", {
    body: comparisonDetail({ candidates: three, rankings: [], ...more }),
  });
  renderApp("/projects/demo/comparisons/4");
  return server;
}

const place = async (letter: string, tier: string) =>
  userEvent.selectOptions(
    await screen.findByRole("combobox", { name: `Place of ${letter}` }),
    tier,
  );

it("takes an order with ties, leaves out what is not clear, and the flags that must be raised", async () => {
  const server = marking();
  server.on("POST /api/v1/comparisons/4/gold/", ({ body }) => {
    expect(body).toEqual({
      use: "exam",
      pairs: [[52, 50]],
      flags: { 51: ["hallucination"] },
      note: "B invents a date.",
    });
    return { status: 201, body: { gold: null } };
  });
  const submit = await screen.findByRole("button", { name: "Mark" });
  expect(submit).toBeDisabled();
  await place("C", "1");
  await place("A", "2");
  await place("B", "2");
  const form = screen.getByRole("region", { name: "Make it a known item" });
  expect(within(form).getByText("C > A = B")).toBeVisible();
  expect(screen.getAllByRole("checkbox", { name: /above/ })).toHaveLength(2);
  await userEvent.click(screen.getByRole("checkbox", { name: "C above B" }));
  const [, flagsOfB] = within(form).getAllByText("Flags");
  await userEvent.click(flagsOfB!);
  await userEvent.click(
    within(screen.getByRole("group", { name: "Flags that B must get" })).getByRole("checkbox"),
  );
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Use it" }), "exam");
  expect(screen.getByText(/12 clear pairs so far; it needs 40/)).toBeVisible();
  await userEvent.type(
    screen.getByRole("textbox", { name: "What to say to people in training" }),
    "B invents a date.",
  );
  await userEvent.click(submit);
  expect(await screen.findByText("Marked; a second manager has to agree.")).toBeVisible();
});

it("asks for two that stand apart: one alone, or a tie, is no known answer", async () => {
  marking();
  await place("A", "1");
  expect(screen.getByText("Place at least two replies.")).toBeVisible();
  await place("B", "1");
  expect(screen.getByRole("button", { name: "Mark" })).toBeDisabled();
  await place("B", "3");
  expect(screen.getByRole("button", { name: "Mark" })).toBeEnabled();
});

it("says what it is used for once it is known", async () => {
  marking({ gold: "exam" });
  expect(await screen.findByText("This is a known item (entry exam).")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Mark" })).not.toBeInTheDocument();
});

it.each([
  [{ n_gold_marks: 1, marked_by_me: true }, /^You have marked it/],
  [{ n_gold_marks: 2, marked_by_me: false }, /share no clear pair/],
])("asks nobody twice, and no third one: %o", async (marks, said) => {
  marking(marks);
  expect(await screen.findByText(said)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Mark" })).not.toBeInTheDocument();
});
