import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, working } from "@/testing/renderApp";
import { assignment, comparison } from "@/testing/samples";

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
    const rating = { scale_min: 1, scale_max: 7, required: true, flags: [] };
    const rated = assignment({ kind: "ranking", comparison: { ...comparison, rating } });
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
