import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";
import { comparisonSettings, ratingSchema } from "@/testing/samples";

const asking = (...versions: ReturnType<typeof ratingSchema>[]) =>
  signedIn(new FakeServer())
    .on("GET /api/v1/projects/demo/comparison-settings/", { body: comparisonSettings })
    .on("GET /api/v1/projects/demo/rating-schemas/", {
      body: { versions, n_held_under_earlier: 2 },
    });

it("publishes a version with another flag, by keyboard alone", async () => {
  const server = asking(ratingSchema(), ratingSchema({ version: 2, flags: [] }));
  server.on("POST /api/v1/projects/demo/rating-schemas/", ({ body }) => {
    const { replaces, ...asked } = body as ReturnType<typeof ratingSchema> & { replaces: number };
    expect(replaces).toBe(3);
    expect(asked.flags.at(-1)).toEqual({ key: "too_long", label: "Too long", help: "It rambles." });
    expect(asked).toMatchObject({ flow: "rate-then-order", rating_required: true });
    return {
      status: 201,
      body: {
        versions: [{ ...asked, version: 4, created_at: "2026-01-02T10:00:00Z" }, ratingSchema()],
        n_held_under_earlier: 3,
      },
    };
  });
  renderApp("/projects/demo/comparisons/rules");
  expect(await screen.findByText(/2 rankings are still held/)).toBeVisible();
  const publish = screen.getByRole("button", { name: "Publish version 4" });
  expect(publish).toBeDisabled();

  await userEvent.selectOptions(
    screen.getByRole("combobox", { name: "Rated and flagged" }),
    "rate-then-order",
  );
  expect(screen.getByRole("checkbox", { name: "Every reply has to be rated" })).toBeDisabled();
  screen.getByRole("button", { name: "Add a flag" }).focus();
  await userEvent.keyboard("{Enter}");
  expect(publish).toBeDisabled();
  // The name of the new flag is where one goes on typing; its key follows.
  await userEvent.keyboard("Too long{Tab}{Tab}It rambles.");
  expect(publish).toBeEnabled();
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByRole("button", { name: "Publish version 5" })).toBeDisabled();
  const kept = screen.getByRole("group", { name: "Flag 3" });
  expect(within(kept).getByRole("textbox", { name: "Key" })).toHaveAttribute("readonly");
});

it("says that another manager published meanwhile and keeps what was written", async () => {
  const server = asking(ratingSchema());
  server.on("POST /api/v1/projects/demo/rating-schemas/", {
    status: 409,
    body: { code: "stale_version", detail: "Changed since.", version: 4 },
  });
  renderApp("/projects/demo/comparisons/rules");
  await userEvent.click(await screen.findByRole("button", { name: "Move Off topic up" }));
  await userEvent.click(screen.getByRole("button", { name: "Publish version 4" }));
  expect(await screen.findByRole("alert")).toBeVisible();
  const first = screen.getByRole("group", { name: "Flag 1" });
  expect(within(first).getByRole("textbox", { name: "Name" })).toHaveValue("Off topic");
});

it("takes a flag out and goes back to what is asked", async () => {
  asking(ratingSchema());
  renderApp("/projects/demo/comparisons/rules");
  await userEvent.click(await screen.findByRole("button", { name: "Remove Rude" }));
  expect(screen.queryByRole("group", { name: "Flag 2" })).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Add a flag" })).toHaveFocus();
  await userEvent.click(screen.getByRole("button", { name: "Discard changes" }));
  expect(screen.getByRole("group", { name: "Flag 2" })).toBeVisible();
});
