import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";

import type { Estimate, Figures } from "@/api/types";
import { FakeServer } from "@/testing/fakeServer";
import { renderApp, signedIn } from "@/testing/renderApp";

const PATH = "/api/v1/projects/demo";

const rate = (value: number): Estimate => ({
  value,
  low: value - 0.05,
  high: value + 0.05,
  n: 120,
  n_clusters: 120,
});
const contest = (found: Estimate | null, n_comparisons = 120) => ({
  policy_a: "old",
  policy_b: "new",
  n_comparisons,
  kinds: {},
  weighed: [],
  rate: found,
});
const agreement = {
  n_comparisons: 3,
  n_rater_pairs: 3,
  same_order: null,
  strict_share: null,
  with_ties: null,
  tau_b: null,
  noise_ceiling: null,
};
const figures: Figures = {
  n_comparisons: 120,
  n_rankings: 240,
  reported: { training: 0.726, held_out: 0.773 },
  agreement: {
    all: agreement,
    by_round: [],
    by_language: [],
    by_category: [],
    by_guideline: [],
  },
  rater_pairs: [],
  ratings_alpha: null,
  flags: [],
  slots: [],
  longer_wins: null,
  blindness: { n_pages: 0, guessed: null, chance: null },
  consensus: { n_comparisons: 0, n_pairs: 0, n_clear: 0, n_cyclic: 0, clear_share: null },
  raters: [],
  makers: [],
  policies: {
    n_contests: 120,
    rates: [contest(rate(0.34))],
    by_round: [
      { round: 1, rates: [contest(rate(0.45))] },
      { round: 2, rates: [contest(null, 12)] },
    ],
    strengths: [
      { policy: "old", mean: -0.3, deviation: 0.6 },
      { policy: "new", mean: 0.3, deviation: 0.6 },
    ],
  },
};

it("draws win rates with their intervals, and each round's; says where there are too few", async () => {
  signedIn(new FakeServer())
    .on(`GET ${PATH}/figures/`, { body: { computed_at: "2026-01-01T10:00:00Z", figures } })
    .on(`GET ${PATH}/draft-trial/`, { body: { no_draft_share: 0, outcomes: [] } });
  renderApp("/projects/demo/quality");
  const policies = await screen.findByRole("region", { name: "Policies" });
  const [best] = within(policies).getAllByRole("rowheader");
  expect(best).toHaveTextContent("new");
  expect(within(policies).getByText(/^29% to 39%, n = 120/)).toBeVisible();
  const first = within(policies).getByRole("region", { name: "Round 1" });
  expect(within(first).getByText(/^40% to 50%, n = 120/)).toBeVisible();
  const second = within(policies).getByRole("region", { name: "Round 2" });
  expect(within(second).getByText(/not said: 12 contests/)).toBeVisible();
});

it("says of the first ranking that it is one, and nothing that one cannot tell", async () => {
  const body = {
    computed_at: "2026-01-01T10:00:00Z",
    figures: { ...figures, n_comparisons: 1, n_rankings: 1 },
  };
  signedIn(new FakeServer())
    .on(`GET ${PATH}/figures/`, { body })
    .on(`GET ${PATH}/draft-trial/`, { body: { no_draft_share: 0, outcomes: [] } });
  renderApp("/projects/demo/quality");
  expect(await screen.findByText(/ · 1 comparison, 1 planned ranking$/)).toBeVisible();
  expect(screen.getByText("Longer reply preferred: Too few comparisons to tell.")).toBeVisible();
  expect(screen.queryByRole("region", { name: "Agreement by part" })).not.toBeInTheDocument();
});
