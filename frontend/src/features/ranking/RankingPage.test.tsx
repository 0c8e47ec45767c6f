import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { RankingRequest } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, working } from "@/testing/renderApp";
import { assignment, comparison, rating } from "@/testing/samples";

const SUBMIT = "POST /api/v1/assignments/31/ranking/";
const task = assignment({ kind: "ranking", comparison });

async function open(server: FakeServer) {
  renderApp("/projects/demo/work/31");
  await screen.findByRole("group", { name: "Candidate A, not placed yet" });
  return server.on(SUBMIT, { status: 201, body: { state: "submitted" } });
}

describe("ranking", () => {
  it("starts unranked and is done by keyboard alone", async () => {
    const server = await open(working(new FakeServer(), task));
    expect(screen.getByText("3 candidates still to place")).toBeVisible();
    expect(screen.getByRole("button", { name: "Submit" })).toBeDisabled();
    screen.getByRole("group", { name: /Candidate A/ }).focus();
    // A second; B first, above it; C tied with A, below the line; then the line is drawn under B.
    await userEvent.keyboard("1{ArrowRight}1{ArrowUp}l{ArrowRight}2");
    expect(screen.getByRole("group", { name: "Candidate B, tier 1" })).toBeVisible();
    expect(screen.getByRole("group", { name: "Candidate C, tier 2" })).toBeVisible();
    await userEvent.keyboard("c");
    await userEvent.keyboard("B says how.");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({
      cannot_judge: false,
      tiers: [["B"], ["A", "C"]],
      acceptable_tier: 1,
      comment: "B says how.",
      rewrite: "",
    });
    const { open_milliseconds } = server.sent(SUBMIT)[0]?.body as {
      open_milliseconds: Record<string, number>;
    };
    expect(Object.keys(open_milliseconds).sort()).toEqual(["A", "B", "C"]);
    expect(Object.values(open_milliseconds).every((ms) => ms > 0)).toBe(true);
    expect(await screen.findByText("Nothing more is open for you just now.")).toBeVisible();
  });

  it("says why, once, when the keys come before all is done", async () => {
    const server = await open(working(new FakeServer(), task));
    await userEvent.keyboard("{Control>}{Enter}{Enter}{/Control}");
    expect(await screen.findByRole("alert")).toHaveTextContent("3 candidates still to place");
    expect(server.sent(SUBMIT)).toEqual([]);
  });

  it("undoes and redoes", async () => {
    await open(working(new FakeServer(), task));
    screen.getByRole("group", { name: /Candidate A/ }).focus();
    await userEvent.keyboard("1{Control>}z{/Control}");
    expect(screen.getByRole("group", { name: "Candidate A, not placed yet" })).toBeVisible();
    await userEvent.keyboard("{Control>}{Shift>}z{/Shift}{/Control}");
    expect(screen.getByRole("group", { name: "Candidate A, tier 1" })).toBeVisible();
  });

  it("goes on where an earlier visit left it", async () => {
    const kept = { order: [["C"], "line", ["A"]], comment: "Hm.", opened: ["A"] };
    const saved_at = "2026-01-01T10:00:00Z";
    const autosaves = [{ turn: 0, version: 4, payload: kept, saved_at }];
    working(new FakeServer(), { ...task, autosaves });
    renderApp("/projects/demo/work/31");
    expect(await screen.findByRole("group", { name: "Candidate C, tier 1" })).toBeVisible();
    expect(screen.getByRole("group", { name: "Candidate B, not placed yet" })).toBeVisible();
    expect(screen.getByLabelText(/Comment/)).toHaveValue("Hm.");
  });

  it("can be given up with a word, without an order", async () => {
    const server = await open(working(new FakeServer(), task));
    await userEvent.click(screen.getByRole("button", { name: "Cannot judge" }));
    await userEvent.click(await screen.findByRole("button", { name: "Submit without an order" }));
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({ cannot_judge: true, tiers: [] });
  });

  it("asks for a rating of each where the project does, by digit with shift", async () => {
    const rated = assignment({
      kind: "ranking",
      comparison: { ...comparison, rating: { ...rating, required: true } },
    });
    const server = await open(working(new FakeServer(), rated));
    screen.getByRole("group", { name: /^Candidate A/ }).focus();
    await userEvent.keyboard("1{ArrowRight}2{ArrowRight}3");
    expect(screen.getByText("Rate candidate A")).toBeVisible();
    await userEvent.keyboard("{Shift>}[Digit2]{/Shift}{ArrowLeft}{Shift>}[Digit6]{/Shift}");
    await userEvent.keyboard("{ArrowLeft}{Shift>}[Digit7]{/Shift}");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({ ratings: { A: 7, B: 6, C: 2 } });
  });

  it("compares two by how much the one is better, in one key", async () => {
    const two = { ...comparison, candidates: comparison.candidates.slice(0, 2) };
    const pair = assignment({
      kind: "ranking",
      comparison: { ...two, rating: { ...rating, strength: "four-grades" } },
    });
    const server = working(new FakeServer(), pair).on(SUBMIT, {
      status: 201,
      body: { state: "submitted" },
    });
    renderApp("/projects/demo/work/31");
    await screen.findByRole("group", { name: "Candidate A" });
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findByRole("alert")).toHaveTextContent("Say which is better");
    await userEvent.keyboard("1");
    expect(screen.getByRole("radio", { name: "A is better: Much" })).toBeChecked();
    await userEvent.click(screen.getByRole("radio", { name: "B is better: Slightly" }));
    await userEvent.click(screen.getByRole("radio", { name: "The better one" }));
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({
      tiers: [["B"], ["A"]],
      strength: 1,
      acceptable_tier: 1,
    });
  });

  it("rates first where the project says so, then orders, and points out contradictions", async () => {
    const twoSteps = { ...rating, required: true, flow: "rate-then-order" as const };
    const rated = assignment({ kind: "ranking", comparison: { ...comparison, rating: twoSteps } });
    working(new FakeServer(), rated);
    renderApp("/projects/demo/work/31");
    (await screen.findByRole("group", { name: "Candidate A, not rated yet" })).focus();
    await userEvent.keyboard("1");
    expect(screen.queryByRole("region", { name: "Order, best first" })).toBeNull();
    for (const digit of [2, 6, 4]) {
      await userEvent.keyboard(`{Shift>}[Digit${digit}]{/Shift}{ArrowRight}`);
    }
    expect(screen.getByRole("group", { name: "Candidate B, rated 6" })).toBeVisible();
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(screen.getByRole("region", { name: "Order, best first" })).toBeVisible();
    screen.getByRole("group", { name: /^Candidate A/ }).focus();
    await userEvent.keyboard("1{ArrowRight}2{ArrowRight}3");
    expect(screen.getByText(/A stands above B but is rated lower \(2 and 6\)/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Submit" })).toBeEnabled();
    await userEvent.click(screen.getByRole("button", { name: "Back to the ratings" }));
    expect(screen.queryByRole("region", { name: "Order, best first" })).toBeNull();
  });

  it("begins a better reply as the best one, and takes an untouched copy for none", async () => {
    const server = await open(working(new FakeServer(), task));
    screen.getByRole("group", { name: /^Candidate A/ }).focus();
    await userEvent.keyboard("2{ArrowRight}1{ArrowUp}{ArrowUp}{ArrowRight}3");
    await userEvent.keyboard("w");
    const better = screen.getByLabelText(/A better reply/);
    expect(better).toHaveFocus();
    expect(better).toHaveValue("Put it in boiling water for eight minutes.");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(1));
    expect(server.sent(SUBMIT)[0]?.body).toMatchObject({ rewrite: "" });
  });

  it("asks once about what looks like personal data in a better reply", async () => {
    const quoted = "“ann@example.org” looks like an e-mail address.";
    const server = (await open(working(new FakeServer(), task))).on(SUBMIT, {
      status: 409,
      body: { code: "personal_data_found", detail: "Take it out.", fields: { rewrite: [quoted] } },
    });
    screen.getByRole("group", { name: /^Candidate A/ }).focus();
    await userEvent.keyboard("2{ArrowRight}1{ArrowUp}{ArrowUp}{ArrowRight}3w Ask ann@example.org.");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findByText(quoted)).toBeVisible();
    server.on(SUBMIT, { status: 201, body: { state: "submitted" } });
    await userEvent.click(screen.getByRole("button", { name: /nobody/ }));
    await waitFor(() => expect(server.sent(SUBMIT)).toHaveLength(2));
    const [asked, confirmed] = server.sent(SUBMIT).map(({ body }) => body as RankingRequest);
    expect(asked?.personal_data_confirmed).toBe(false);
    expect(confirmed).toMatchObject({ personal_data_confirmed: true, rewrite: asked?.rewrite });
  });

  it("shows the words in which any two differ", async () => {
    await open(working(new FakeServer(), task));
    await userEvent.keyboard("d");
    const dialog = await screen.findByRole("dialog", { name: "From B to A" });
    await userEvent.click(within(dialog).getByRole("combobox", { name: "To" }));
    await userEvent.click(await screen.findByRole("option", { name: "Candidate C" }));
    expect(dialog).toHaveAccessibleName("From B to C");
    expect(dialog.querySelector("ins")).toHaveTextContent("No");
  });

  it("keeps lengths to itself until asked", async () => {
    await open(working(new FakeServer(), task));
    expect(screen.queryByText("2 words")).toBeNull();
    await userEvent.keyboard("i");
    expect(screen.getAllByText("2 words")).toHaveLength(2);
  });

  it("is skipped with a reason", async () => {
    const server = await open(
      working(new FakeServer(), task).on("POST /api/v1/assignments/31/skip/", {}),
    );
    await userEvent.keyboard("{Alt>}[KeyS]{/Alt}");
    const confirm = await screen.findByRole("button", { name: "Skip the task" });
    expect(confirm).toBeDisabled();
    await userEvent.click(screen.getByRole("radio", { name: "The task is unclear" }));
    await userEvent.click(confirm);
    await waitFor(() =>
      expect(server.sent("POST /api/v1/assignments/31/skip/")[0]?.body).toEqual({
        reason: "unclear",
        comment: "",
      }),
    );
  });
});
