import { MantineProvider } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

import { DurationInput } from "./DurationInput";

const TIME = "/api/v1/projects/demo/time/";
const CONTESTS = "/api/v1/projects/demo/time-contests/";

const day = {
  day: "2026-01-02",
  active_seconds: 3_600,
  n_tasks: 4,
  contest: null,
  granted_seconds: null,
};
const days = { days: [day] };
const contest = {
  id: 6,
  day: "2026-01-03",
  counted_seconds: 60,
  claimed_seconds: 7_200,
  text: "I wrote on paper.",
  granted_seconds: null,
  answer: "",
  person: "Tara",
};

it("shows the count and lets it be contested", async () => {
  const server = signedIn(new FakeServer())
    .on(`GET ${TIME}`, { body: days })
    .on(`GET ${CONTESTS}`, { body: { contests: [] } })
    .on(`POST ${TIME}`, { status: 201, body: contest });
  renderApp("/projects/demo/time");
  expect(await screen.findByText("1 h 0 min")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: /Contest the count of/ }));
  const minutes = await screen.findByLabelText("and minutes");
  await userEvent.clear(minutes);
  await userEvent.type(minutes, "30");
  await userEvent.type(screen.getByLabelText("What the count leaves out"), "A meeting.");
  await userEvent.click(screen.getByRole("button", { name: "Send to a manager" }));
  await waitFor(() =>
    expect(server.sent(`POST ${TIME}`)[0]?.body).toEqual({
      day: "2026-01-02",
      claimed_seconds: 5_400,
      text: "A meeting.",
    }),
  );
});

it("shows what was granted while the day is contested again", async () => {
  signedIn(new FakeServer())
    .on(`GET ${TIME}`, { body: { days: [{ ...day, contest, granted_seconds: 5_400 }] } })
    .on(`GET ${CONTESTS}`, { body: { contests: [] } });
  renderApp("/projects/demo/time");
  expect(await screen.findByText("a manager granted 1 h 30 min")).toBeVisible();
  expect(screen.getByText("contested: 2 h 0 min claimed, a manager decides")).toBeVisible();
});

it("lets a manager decide and fetch everybody's month", async () => {
  const decision = "/api/v1/time-contests/6/decision/";
  const server = signedIn(new FakeServer())
    .on(`GET ${TIME}`, { body: days })
    .on(`GET ${CONTESTS}`, { body: { contests: [contest] } })
    .on(`POST ${decision}`, { body: contest });
  renderApp("/projects/demo/time");
  await userEvent.click(await screen.findByRole("button", { name: "Decide" }));
  await waitFor(() =>
    expect(server.sent(`POST ${decision}`)[0]?.body).toEqual({
      granted_seconds: 7_200,
      answer: "",
    }),
  );
  expect(screen.getByRole("link", { name: "Everybody's month as CSV" })).toHaveAttribute(
    "href",
    expect.stringMatching(/^\/api\/v1\/projects\/demo\/time-export\/\?month=\d{4}-\d{2}$/),
  );
});

it("rounds a length of time before it is split into hours and minutes", () => {
  render(
    <MantineProvider env="test">
      <DurationInput hoursLabel="Hours" minutesLabel="Minutes" seconds={3_599} onChange={vi.fn()} />
    </MantineProvider>,
  );
  expect(screen.getByLabelText("Hours")).toHaveValue("1");
  expect(screen.getByLabelText("Minutes")).toHaveValue("0");
});
