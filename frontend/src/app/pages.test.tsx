import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { startI18n } from "@/lib/i18n";
import { pseudo } from "@/lib/pseudoLocale";
import { FakeServer } from "@/testing/fakeServer";
import { freezing, frozenVersion, recipe } from "@/testing/recipes";
import { renderApp, signedIn, working } from "@/testing/renderApp";
import {
  assignment,
  comparison,
  comparisonDetail,
  comparisonSettings,
  conversation,
  message,
  ratingSchema,
} from "@/testing/samples";

const thread = conversation([message(0, "user", "§"), message(1, "assistant", "§")]);
const rating = {
  scale_min: 1,
  scale_max: 7,
  required: false,
  help: "§",
  flow: "order" as const,
  strength: "none" as const,
  flags: [{ key: "rude", label: "§", help: "§" }],
};
const blank = {
  ...comparison,
  rating,
  context: [{ role: "user", content: "§" }],
  candidates: comparison.candidates.map(({ label }) => ({ label, content: "§" })),
};

const run = {
  id: 1,
  source: "chats",
  rule: "conversation-uniform",
  seed: 7,
  as_of: "2026-01-01T10:00:00Z",
  population: 40,
  n_wanted: 20,
  n_picked: 20,
  n_sampling: 10,
  n_ready: 8,
  n_failed: 1,
  n_cancelled: 1,
  seconds_left: 90,
  created_at: "2026-01-01T10:00:00Z",
  cancelled_at: null,
};
const estimate = { value: 0.7, low: 0.6, high: 0.8, n: 40, n_clusters: 40 };
const tile = { open: 1, done: 2 };
const progress = {
  round: { number: 2 },
  tiles: {
    demonstrations: { open: 1, held: 2, submitted: 3, approved: 1_000 },
    chats: { open: 1, finished: 2, eligible: 3 },
    comparisons: { sampling: 1, ready: 2, failed: 0 },
    rankings: tile,
    reviews: tile,
  },
  people: [
    {
      display_name: "§",
      role: "trainer",
      today: 1,
      this_week: 2,
      active_seconds_this_week: 4_000,
    },
  ],
  sampling: { state: "ok", oldest_queued_seconds: null, runners: 1 },
};
const exported = {
  id: 3,
  kind: "sft",
  format: "§",
  state: "done",
  n_rows: 5,
  n_written: 5,
  n_bytes: 1_234,
  sha256: "",
  file_name: "§",
  error: null,
  excluded: {},
  created_at: "2026-01-01T10:00:00Z",
  finished_at: "2026-01-01T10:00:01Z",
};

/** Every page, with nothing on it that does not come from the catalogue. */
const PAGES: [string, string, (server: FakeServer) => void][] = [
  ["home", "/projects/demo", signedIn],
  ["an unknown address", "/nowhere", signedIn],
  [
    "a demonstration",
    "/projects/demo/work/31",
    (server) => working(server, assignment({ conversation: thread })),
  ],
  [
    "a chat",
    "/projects/demo/work/31",
    (server) => working(server, assignment({ kind: "chat", conversation: thread })),
  ],
  [
    "a ranking",
    "/projects/demo/work/31",
    (server) => working(server, assignment({ kind: "ranking", comparison: blank })),
  ],
  [
    "a review",
    "/projects/demo/work/31",
    (server) => working(server, assignment({ kind: "review", conversation: thread })),
  ],
  [
    "one's conversations",
    "/projects/demo/conversations",
    (server) =>
      signedIn(server).on("GET /api/v1/projects/demo/conversations/", {
        body: {
          next: null,
          results: [
            {
              id: 5,
              kind: "demonstration",
              state: "writing",
              title: "§",
              n_turns: 2,
              comment: "§",
              created_at: "2026-01-01T10:00:00Z",
              finished_at: null,
              assignment: 31,
            },
          ],
        },
      }),
  ],
  [
    "one conversation",
    "/projects/demo/conversations/5",
    (server) =>
      signedIn(server).on("GET /api/v1/conversations/5/", {
        body: {
          id: 5,
          kind: "demonstration",
          state: "submitted",
          project: "demo",
          prompt: null,
          assignment: 31,
          versions: [{ conversation: thread, finished_at: "2026-01-01T10:00:00Z", review: null }],
          can_amend: true,
          kept_submission: null,
        },
      }),
  ],
  [
    "withdrawn tasks",
    "/projects/demo/withdrawn",
    (server) =>
      signedIn(server).on("GET /api/v1/projects/demo/withdrawn/", {
        body: {
          next: null,
          results: [
            {
              id: 3,
              kind: "demonstration",
              language: "en",
              prompt: "§",
              prompt_kind: "brief",
              comparison: null,
              conversation: null,
              skips: [
                { by: "§", reason: "unclear", comment: "§", at: "2026-01-01T10:00:00Z" },
                { by: "§", reason: "broken", comment: "", at: "2026-01-01T10:05:00Z" },
              ],
            },
          ],
        },
      }),
  ],
  [
    "questions",
    "/projects/demo/questions",
    (server) =>
      signedIn(server).on("GET /api/v1/projects/demo/questions/", {
        body: {
          next: null,
          results: [
            {
              id: 3,
              assignment: 31,
              kind: "demonstration",
              text: "§",
              asked_at: "2026-01-01T10:00:00Z",
              answer: "",
              answered_at: null,
              pinned_at: null,
              guideline_version: null,
              asked_by: "§",
              about: "§",
              conversation: 5,
            },
          ],
        },
      }),
  ],
  [
    "working time",
    "/projects/demo/time",
    (server) =>
      signedIn(server)
        .on("GET /api/v1/projects/demo/time/", {
          body: {
            days: [
              {
                day: "2026-01-02",
                active_seconds: 3_600,
                n_tasks: 4,
                contest: null,
                granted_seconds: null,
              },
            ],
          },
        })
        .on("GET /api/v1/projects/demo/time-contests/", { body: { contests: [] } }),
  ],
  [
    "prompts",
    "/projects/demo/prompts",
    (server) =>
      signedIn(server)
        .on("GET /api/v1/projects/demo/prompts/", {
          body: {
            next: null,
            results: [
              {
                id: 4,
                kind: "brief",
                text: "§",
                category: "§",
                language: "§",
                sensitivity: ["§"],
                source: "§",
                author: "§",
                alike_to: { id: 2, text: "§" },
                set_aside_at: null,
                n_tasks: 1,
                created_at: "2026-01-01T10:00:00Z",
              },
            ],
          },
        })
        .on("GET /api/v1/projects/demo/prompt-plan/", {
          body: {
            max_per_author: 3,
            categories: [
              {
                name: "§",
                n_prompts: 3,
                n_alike: 1,
                is_free: true,
                wanted: [
                  { kind: "demonstration", target: 5, made: 2, done: 1 },
                  { kind: "chat", target: null, made: 0, done: 0 },
                ],
              },
            ],
          },
        }),
  ],
  [
    "progress",
    "/projects/demo/progress",
    (server) => signedIn(server).on("GET /api/v1/projects/demo/progress/", { body: progress }),
  ],
  [
    "comparisons",
    "/projects/demo/comparisons",
    (server) =>
      signedIn(server)
        .on("GET /api/v1/projects/demo/making/", {
          body: {
            states: { sampling: 10, ready: 8, failed: 1, cancelled: 1, superseded: 0 },
            hours: [{ hour: "2026-01-01T10:00:00Z", n_ready: 8 }],
            eligible: { chats: 3, imported: 2, prompts: 1 },
          },
        })
        .on("GET /api/v1/projects/demo/pick-runs/", { body: { next: null, results: [run] } })
        .on("GET /api/v1/projects/demo/comparisons/", {
          body: {
            next: null,
            results: [
              {
                id: 4,
                state: "failed",
                opening: "§",
                category: "§",
                n_rankings: 2,
                error: { code: "§", detail: "§" },
                created_at: "2026-01-01T10:00:00Z",
              },
            ],
          },
        })
        .on("GET /api/v1/projects/demo/flags/", {
          body: {
            next: null,
            results: [
              {
                id: 5,
                kind: "ranking",
                person: "§",
                text: "§",
                raised_at: "2026-01-01T10:00:00Z",
                comparison: 4,
              },
            ],
          },
        }),
  ],
  [
    "the rules of comparisons",
    "/projects/demo/comparisons/rules",
    (server) =>
      signedIn(server)
        .on("GET /api/v1/projects/demo/comparison-settings/", {
          body: { ...comparisonSettings, criterion: "§" },
        })
        .on("GET /api/v1/projects/demo/rating-schemas/", {
          body: {
            versions: [3, 2].map((version) =>
              ratingSchema({
                version,
                rating_help: "§",
                flags: [{ key: "rude", label: "§", help: "§" }],
              }),
            ),
            n_held_under_earlier: 1,
          },
        }),
  ],
  [
    "a comparison",
    "/projects/demo/comparisons/4",
    (server) =>
      signedIn(server).on("GET /api/v1/comparisons/4/", {
        body: {
          ...comparisonDetail({ supersedes: 3, superseded_by: 5, category: "§" }),
          question: "§",
          asked_flags: [{ key: "rude", label: "§", help: "§" }],
          context: [{ role: "user", content: "§" }],
          candidates: comparisonDetail().candidates.map((candidate) => ({
            ...candidate,
            content: "§",
            policy: "§",
          })),
          rankings: comparisonDetail().rankings.map((ranking) => ({
            ...ranking,
            rater: "§",
            flags: [[], []],
            comment: "§",
            rewrite: "§",
          })),
        },
      }),
  ],
  [
    "one's rankings",
    "/projects/demo/mine",
    (server) =>
      signedIn(server).on("GET /api/v1/projects/demo/figures/mine/", {
        body: {
          computed_at: "2026-01-01T10:00:00Z",
          mine: {
            name: "§",
            n_rankings: 40,
            n_with_others: 35,
            agreed: estimate,
            shrunk: 0.7,
            tie_rate: estimate,
            seconds: 70,
            slots: null,
            position_p: 0.5,
            length_slope: null,
            length_p: null,
            gold: { n: 3, share: null },
            retest: { n: 0, share: null },
          },
          lessons: [
            {
              assignment: 31,
              ranked_at: "2026-01-01T10:00:00Z",
              n_pairs: 2,
              n_right: 1,
              pairs: [{ better: "A", worse: "B", right: false }],
              note: "§",
            },
          ],
          exam: {
            state: "waiting",
            n_items: 0,
            n_answered: 0,
            n_pairs: 0,
            n_right: 0,
            n_demonstrations: 2,
            n_written: 0,
            lowest_score: null,
          },
        },
      }),
  ],
  [
    "datasets",
    "/projects/demo/datasets",
    (server) =>
      signedIn(server).on("GET /api/v1/projects/demo/exports/", {
        body: { next: null, results: [exported] },
      }),
  ],
  [
    "recipes",
    "/projects/demo/datasets/recipes",
    (server) =>
      signedIn(server)
        .on("GET /api/v1/projects/demo/recipes/", { body: [recipe({ latest: freezing({}) })] })
        .on("GET /api/v1/projects/demo/versions/", {
          body: { next: null, results: [frozenVersion] },
        }),
  ],
  [
    "a version",
    "/projects/demo/datasets/versions/7",
    (server) =>
      signedIn(server)
        .on("GET /api/v1/versions/7/", {
          body: { ...frozenVersion, manifest: {}, card: "", plots: {} },
        })
        .on("GET /api/v1/projects/demo/versions/", {
          body: { next: null, results: [frozenVersion] },
        }),
  ],
];

/** Names of keys, units, months and the sample person, which no catalogue translates. */
const UNTRANSLATED = /^(Ctrl|Alt|Tab|Esc|Backspace|kB|Jan|Demo|Tara|[A-Za-z]{1,2}|\P{L}+)$/u;
const DESCRIPTION = "Answers to everyday questions.";

function wordsOutsideTheCatalogue(): string[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const words: string[] = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.parentElement?.closest("style, script, time, kbd")) continue;
    // Marked sentences are from the catalogue, whatever was put into them.
    const rest = (node.textContent ?? "").replace(/⟦.*⟧/gs, "").replace(DESCRIPTION, "");
    words.push(...rest.split(/\s+/).filter((word) => word !== "" && !UNTRANSLATED.test(word)));
  }
  return words;
}

const settled = () => waitFor(() => expect(document.querySelector("h1, h2")).not.toBeNull());

describe("the pseudo-language", () => {
  beforeEach(() => startI18n("pseudo"));
  afterEach(() => startI18n("en"));

  it("marks sentences and leaves placeholders as they are", () => {
    expect(pseudo("Hi {{name}}")).toBe("⟦Ĥî {{name}}~~~~⟧".replace("Ĥ", "H"));
  });

  it.each(PAGES)("finds no words outside the catalogue in %s", async (_, path, prepare) => {
    prepare(new FakeServer());
    renderApp(path);
    await settled();
    expect(wordsOutsideTheCatalogue()).toEqual([]);
  });
});

describe("for everyone", () => {
  it.each(PAGES)("axe finds nothing wrong with %s", async (_, path, prepare) => {
    prepare(new FakeServer());
    renderApp(path);
    await settled();
    const { violations } = await axe.run(document.body, {
      // jsdom paints nothing, so contrast cannot be measured here.
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    });
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
});

describe("everywhere", () => {
  it("lists the keys of the page that is open", async () => {
    working(new FakeServer(), assignment({ kind: "ranking", comparison: blank }));
    renderApp("/projects/demo/work/31");
    await screen.findByRole("group", { name: /^Candidate A/ });
    await userEvent.keyboard("?");
    const sheet = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
    expect(sheet).toHaveTextContent("Tie with the one above");
    expect(sheet).toHaveTextContent("Go to your work");
    await userEvent.click(within(sheet).getByRole("button", { name: "Close" }));
    await waitFor(() => expect(sheet).not.toBeInTheDocument());
  });

  it("finds actions by name in the palette", async () => {
    signedIn(new FakeServer()).on("GET /api/v1/projects/demo/exports/", {
      body: { next: null, results: [] },
    });
    const router = renderApp("/projects/demo");
    await screen.findByRole("heading", { name: /12 rankings/ });
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.type(await screen.findByPlaceholderText("Find an action or a page"), "datas");
    await userEvent.keyboard("{ArrowDown}{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/demo/datasets"));
    expect(await screen.findByText("No exports yet")).toBeVisible();
  });
});
