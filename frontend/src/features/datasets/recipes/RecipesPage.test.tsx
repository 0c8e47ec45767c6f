import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { FakeServer } from "@/testing/fakeServer";
import { freezing, frozenVersion, recipe } from "@/testing/recipes";
import { renderApp, signedIn } from "@/testing/renderApp";

const RECIPES = "/api/v1/projects/demo/recipes/";
const VERSIONS = "/api/v1/projects/demo/versions/";

const mix = (more = {}) => recipe({ name: "mix", ...more });

function serverWith(recipes: unknown[], versions: unknown[] = []): FakeServer {
  return signedIn(new FakeServer())
    .on(`GET ${RECIPES}`, { body: recipes })
    .on(`GET ${VERSIONS}`, { body: { next: null, results: versions } })
    .on("GET /api/v1/projects/demo/benchmarks/", { body: [] })
    .on("GET /api/v1/policies/", { body: [] })
    .on("GET /api/v1/projects/demo/export-formats/", {
      body: { sft: ["messages", "openai"], comparisons: ["ranking", "kto"], prompts: [] },
    });
}

it("declares a recipe by keyboard and shows it", async () => {
  const server = serverWith([]).on(`POST ${RECIPES}`, () => {
    server.on(`GET ${RECIPES}`, { body: [mix()] });
    return { status: 201, body: mix() };
  });
  renderApp("/projects/demo/datasets/recipes");
  await screen.findByText("No recipes yet");
  await userEvent.keyboard("e");
  const dialog = await screen.findByRole("dialog", { name: "New recipe" });
  await userEvent.type(within(dialog).getByLabelText(/^Name \*/), "mix");
  await userEvent.click(within(dialog).getByRole("button", { name: "Add a source" }));
  await userEvent.type(within(dialog).getAllByLabelText(/^At most/)[1]!, "50");
  await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  await screen.findByRole("heading", { name: "mix" });
  expect(server.sent(`POST ${RECIPES}`)[0]?.body).toMatchObject({
    name: "mix",
    kind: "sft",
    contents: {
      sources: [
        { name: "source-1", project: "demo" },
        { name: "source-2", project: "demo", cap: 50 },
      ],
      near_duplicates: true,
      personal_data: "hold",
      file: { format: "messages" },
    },
  });
});

it("offers to each kind the sources and options that it has", async () => {
  const server = serverWith([]).on(`POST ${RECIPES}`, { status: 201, body: mix() });
  renderApp("/projects/demo/datasets/recipes");
  await screen.findByText("No recipes yet");
  await userEvent.keyboard("e");
  const dialog = await screen.findByRole("dialog", { name: "New recipe" });
  await userEvent.type(within(dialog).getByLabelText(/^Name \*/), "mix");
  const choose = async (label: string, option: string) => {
    await userEvent.click(within(dialog).getByRole("combobox", { name: label }));
    await userEvent.click(await screen.findByRole("option", { name: option, hidden: true }));
  };
  await choose("What it takes", "Best replies above the acceptable line");
  // What the other kind does not have is forgotten with it.
  await choose("What goes in", "Comparisons");
  expect(within(dialog).getByRole("combobox", { name: "What it takes" })).toHaveValue(
    "Rankings, ours and imported",
  );
  expect(within(dialog).queryByLabelText(/draft/)).not.toBeInTheDocument();
  await choose("What it takes", "Thumbs on replies in chats (kto)");
  await choose("Format", "kto");
  await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  await waitFor(() =>
    expect(server.sent(`POST ${RECIPES}`)[0]?.body).toMatchObject({
      kind: "comparisons",
      contents: { sources: [{ origins: "thumbs" }], file: { format: "kto" } },
    }),
  );
});

it("says why a recipe was refused", async () => {
  serverWith([]).on(`POST ${RECIPES}`, {
    status: 409,
    body: { code: "recipe_name_taken", detail: "The project has a recipe of this name." },
  });
  renderApp("/projects/demo/datasets/recipes");
  await screen.findByText("No recipes yet");
  await userEvent.keyboard("e");
  const dialog = await screen.findByRole("dialog", { name: "New recipe" });
  await userEvent.type(within(dialog).getByLabelText(/^Name \*/), "mix");
  await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  expect(await within(dialog).findByRole("alert")).toHaveTextContent("recipe of this name");
});

it("counts, watches, and shows the table", async () => {
  const queued = freezing({ state: "running", table: null, n_rows: 12, n_through: 3 });
  const server = serverWith([mix()]).on("POST /api/v1/recipes/2/freezings/", () => {
    server.on(`GET ${RECIPES}`, () => {
      // The next time it is asked for, the worker is through.
      server.on(`GET ${RECIPES}`, { body: [mix({ latest: freezing({}) })] });
      return { body: [mix({ latest: queued })] };
    });
    return { status: 201, body: queued };
  });
  renderApp("/projects/demo/datasets/recipes");
  await userEvent.click(await screen.findByRole("button", { name: "Count mix" }));
  await screen.findByText("Looking through the texts · 3 of 12 rows");
  expect(screen.getByRole("button", { name: "Freeze mix" })).toBeDisabled();
  const table = await screen.findByRole("table", { name: "What the recipe holds" });
  expect(within(table).getAllByText("340")).toHaveLength(3);
  expect(server.sent("POST /api/v1/recipes/2/freezings/")[0]?.body).toEqual({ is_trial: true });
});

it("stops a freezing", async () => {
  const running = freezing({ is_trial: false, state: "running", stage: "writing", table: null });
  const server = serverWith([mix({ latest: running })]).on(
    "POST /api/v1/freezings/4/cancel/",
    () => {
      server.on(`GET ${RECIPES}`, { body: [mix({ latest: { ...running, state: "cancelled" } })] });
      return {};
    },
  );
  renderApp("/projects/demo/datasets/recipes");
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  await screen.findByText("The last run was cancelled.");
});

it("compares a version with an earlier one and withdraws it for a reason", async () => {
  const whole = {
    ...frozenVersion,
    recipe: "mix",
    number: 2,
    manifest: {},
    card: "# mix\n\nWhole.",
    plots: {},
  };
  const earlier = { ...frozenVersion, id: 6, recipe: "mix" };
  const change = { rows_of: "conversation", id: 9, was_id: null, before: "", after: "New? … Yes." };
  const later = { ...frozenVersion, id: 8, recipe: "mix", number: 3 };
  const server = serverWith([])
    .on(`GET ${VERSIONS}`, ({ query }) => ({
      body:
        query.get("cursor") === "older"
          ? { next: null, results: [earlier] }
          : { next: "older", results: [later, whole] },
    }))
    .on("GET /api/v1/versions/7/", { body: whole })
    .on("GET /api/v1/versions/7/diff/", {
      body: {
        added: 1,
        changed: 0,
        gone: 0,
        same: 11,
        examples: { added: [change], changed: [], gone: [] },
        recipe_changes: ["seed: 0 → 1"],
      },
    })
    .on("POST /api/v1/versions/7/withdraw/", {
      body: {
        ...whole,
        withdrawn_at: "2026-01-02T10:00:00Z",
        withdrawn_because: "A wrong licence.",
      },
    });
  renderApp("/projects/demo/datasets/versions/7");
  await userEvent.click(await screen.findByRole("combobox", { name: "Compare with" }));
  await userEvent.click(await screen.findByRole("option", { name: "mix v1", hidden: true }));
  expect(screen.queryByRole("option", { name: "mix v3", hidden: true })).not.toBeInTheDocument();
  expect(await screen.findByText("New? … Yes.")).toBeVisible();
  expect(screen.getByText("seed: 0 → 1")).toBeVisible();
  expect(server.sent("GET /api/v1/versions/7/diff/")[0]?.query.get("against")).toBe("6");
  await userEvent.click(screen.getByRole("button", { name: "Withdraw" }));
  const dialog = await screen.findByRole("dialog", { name: "Withdraw this version?" });
  await userEvent.type(within(dialog).getByLabelText(/Why/), "A wrong licence.");
  await userEvent.click(within(dialog).getByRole("button", { name: "Withdraw" }));
  await screen.findByText(/Withdrawn .*: A wrong licence\./);
  await waitFor(() =>
    expect(screen.queryByRole("link", { name: "Download archive" })).not.toBeInTheDocument(),
  );
  expect(server.sent("POST /api/v1/versions/7/withdraw/")[0]?.body).toEqual({
    because: "A wrong licence.",
  });
});
