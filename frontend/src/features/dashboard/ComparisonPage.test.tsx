import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";
import { comparisonDetail } from "@/testing/samples";

it("makes a comparison again and goes to the one that takes its place", async () => {
  const server = signedIn(new FakeServer())
    .on("GET /api/v1/comparisons/4/", { body: comparisonDetail() })
    .on("POST /api/v1/comparisons/4/resample/", () => {
      const replaced = { state: "superseded" as const, superseded_by: 9 };
      server.on("GET /api/v1/comparisons/4/", { body: comparisonDetail(replaced) });
      return { status: 201, body: { id: 9 } };
    })
    .on("GET /api/v1/comparisons/9/", {
      body: comparisonDetail({
        id: 9,
        state: "sampling",
        supersedes: 4,
        candidates: [],
        rankings: [],
      }),
    });
  renderApp("/projects/demo/comparisons/4");
  await userEvent.click(await screen.findByRole("button", { name: "Sample again" }));
  const dialog = await screen.findByRole("dialog", { name: "Make this comparison again?" });
  expect(dialog).toHaveTextContent("Its 1 ranking is kept");
  const [, confirm] = await screen.findAllByRole("button", { name: "Sample again", hidden: true });
  await userEvent.click(confirm!);

  expect(await screen.findByRole("heading", { name: "Comparison 9" })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Sample again" })).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("link", { name: "In the place of comparison 4" }));
  expect(await screen.findByRole("link", { name: "Made again as comparison 9" })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Sample again" })).not.toBeInTheDocument();
});

it("shows what each person said of each candidate", async () => {
  const [ranking] = comparisonDetail().rankings;
  const another = {
    ...ranking!,
    id: 71,
    rater: "Rob",
    tiers: [2, 1],
    ratings: [null, null],
    flags: [[], []],
    acceptable_tier: 0,
    strength: 2,
    rewrite: "Nine minutes.",
  };
  signedIn(new FakeServer()).on("GET /api/v1/comparisons/4/", {
    body: comparisonDetail({ rankings: [ranking!, another] }),
  });
  renderApp("/projects/demo/comparisons/4");
  const first = await screen.findByRole("row", { name: /Tara/ });
  expect(first).toHaveTextContent("A > B");
  expect(first).toHaveTextContent("fit to send: A");
  expect(within(first).getByRole("cell", { name: /^2.*rated 2.*Hallucination/ })).toBeVisible();
  const second = screen.getByRole("row", { name: /Rob/ });
  expect(second).toHaveTextContent("B > A");
  expect(second).toHaveTextContent("none fit to send");
  expect(second).toHaveTextContent("strength 2");
  await userEvent.click(screen.getByText("Better reply"));
  expect(await screen.findByText("Nine minutes.")).toBeVisible();
});

it("offers it neither for what came in a file nor for what is being sampled", async () => {
  signedIn(new FakeServer()).on("GET /api/v1/comparisons/4/", {
    body: comparisonDetail({ sampled_here: false }),
  });
  renderApp("/projects/demo/comparisons/4");
  expect(await screen.findByRole("heading", { name: "Comparison 4" })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Sample again" })).not.toBeInTheDocument();
});

it("begins with what is answered and leads back to the list it came from", async () => {
  signedIn(new FakeServer()).on("GET /api/v1/comparisons/4/", {
    body: comparisonDetail({
      context: [
        { role: "user", content: "First question" },
        { role: "assistant", content: "First answer" },
        { role: "user", content: "Last question" },
      ],
    }),
  });
  renderApp("/projects/demo/comparisons/4");
  const back = await screen.findByRole("link", { name: /All comparisons/ });
  expect(back).toHaveAttribute("href", "/projects/demo/comparisons?state=ready");
  const sections = screen.getAllByRole("heading", { level: 2 }).map((one) => one.textContent);
  expect(sections.slice(0, 3)).toEqual([
    "What they answer",
    "Candidates",
    "Every ranking, side by side",
  ]);
  expect(await screen.findByText("Last question")).toBeVisible();
  expect(screen.queryByText("First question")).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Show 2 earlier turns" }));
  expect(await screen.findByText("First question")).toBeVisible();
  expect(screen.getByText("Which reply would you rather get?")).toBeVisible();
});
