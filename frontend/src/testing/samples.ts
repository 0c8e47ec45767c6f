import type {
  Assignment,
  Comparison,
  ComparisonDetail,
  ComparisonSettings,
  Conversation,
  Home,
  Me,
  Message,
  RatingSchema,
} from "@/api/types";

export const me: Me = {
  id: 1,
  username: "tara",
  display_name: "Tara",
  is_admin: false,
  consent: { version: 1, given: true },
  memberships: [{ project: { slug: "demo", name: "Demo" }, role: "manager", languages: ["en"] }],
};

export const home: Home = {
  project: {
    slug: "demo",
    name: "Demo",
    description: "Answers to everyday questions.",
    draft_mode: "on_request",
    n_drafts: 2,
    min_turns: 2,
    max_turns: 20,
    max_turn_characters: 20_000,
    max_turn_tokens: null,
    user_drafts: false,
    criterion: "overall",
  },
  role: "manager",
  queues: [
    { kind: "demonstration", available: 3, held: null, paused: false },
    { kind: "ranking", available: 12, held: null, paused: false },
  ],
  exam: "not_asked",
  returned: [],
  open_questions: null,
  kept: [],
  today: 4,
  this_week: 20,
  active_seconds_today: 3_720,
  guidelines: [
    {
      id: 7,
      kind: "ranking",
      version: 2,
      breaking: true,
      acknowledged: false,
      published_at: "2026-01-01T10:00:00Z",
    },
  ],
  sampling: { state: "ok", oldest_queued_seconds: null, runners: 1 },
};

export const message = (
  position: number,
  role: Message["role"],
  content: string,
  more: Partial<Message> = {},
): Message => ({
  id: 100 + position,
  position,
  role,
  content,
  origin: "human",
  model_share: null,
  tries: [100 + position],
  pasted_characters: 0,
  generation: null,
  finish_reason: null,
  feedback: null,
  draft_text: null,
  ...more,
});

export const conversation = (messages: Message[], version = 1): Conversation => ({
  id: 9,
  kind: "demonstration",
  state: "writing",
  version,
  fixed_in_review: false,
  messages,
});

export const assignment = (more: Partial<Assignment>): Assignment => ({
  id: 31,
  kind: "demonstration",
  state: "leased",
  reason: "planned",
  lease_until: "2099-01-01T00:00:00Z",
  guideline: null,
  autosaves: [],
  new_rulings: [],
  prompt: null,
  language: "en",
  sensitivity: [],
  is_scored: false,
  drafts_allowed: true,
  conversation: null,
  previous: null,
  comparison: null,
  kept_submission: null,
  ...more,
});

export const rating: NonNullable<Comparison["rating"]> = {
  scale_min: 1,
  scale_max: 7,
  required: false,
  help: "",
  flow: "order",
  strength: "none",
  flags: [],
};

export const comparison: Comparison = {
  criterion: "overall",
  criterion_text: "",
  direction: "more",
  context: [{ role: "user", content: "How do I boil an egg?" }],
  candidates: [
    { label: "A", content: "Eight minutes." },
    { label: "B", content: "Put it in boiling water for eight minutes." },
    { label: "C", content: "No idea." },
  ],
  rating: null,
};

const madeBy = (index: number): ComparisonDetail["candidates"][number] => ({
  id: 40 + index,
  index,
  content: `Reply ${index}.`,
  origin: "fresh",
  policy: "tiny",
  cut_by_length: false,
  near_identical: false,
  names_model: false,
  borda_place: index + 1,
  strength: 0,
});

/** A ready comparison of two with one ranking, as its managers see it. */
export const comparisonDetail = (more: Partial<ComparisonDetail> = {}): ComparisonDetail => ({
  id: 4,
  state: "ready",
  supersedes: null,
  superseded_by: null,
  question: "Which reply would you rather get?",
  direction: "more",
  category: "how_to",
  language: "en",
  created_at: "2026-01-01T09:00:00Z",
  sampled_here: true,
  context: [{ role: "user", content: "How do I boil an egg?" }],
  candidates: [madeBy(0), madeBy(1)],
  rankings: [
    {
      id: 70,
      rater: "Tara",
      reason: "planned",
      purpose: "train",
      cannot_judge: false,
      tiers: [1, 2],
      ratings: [6, 2],
      flags: [[], ["hallucination"]],
      acceptable_tier: 1,
      strength: null,
      rewrite: "",
      comment: "B leaves the time out.",
      active_seconds: 90,
      created_at: "2026-01-01T10:00:00Z",
    },
  ],
  agreement: null,
  split: false,
  consensus: [],
  n_cycles: 0,
  asked_flags: [{ key: "hallucination", label: "Hallucination", help: "States what is not so." }],
  n_exam_pairs: 12,
  n_gold_marks: 0,
  marked_by_me: false,
  gold: null,
  ...more,
});

export const ratingSchema = (more: Partial<RatingSchema> = {}): RatingSchema => ({
  version: 3,
  created_at: "2026-01-01T10:00:00Z",
  scale_min: 1,
  scale_max: 7,
  rating_required: false,
  rating_help: "",
  flow: "order",
  strength: "none",
  flags: [
    { key: "rude", label: "Rude", help: "It insults." },
    { key: "off_topic", label: "Off topic", help: "" },
  ],
  ...more,
});

export const comparisonSettings: ComparisonSettings = {
  n_candidates: 4,
  criterion: "overall",
  original_takes_part: true,
  reference_takes_part: false,
  self_naming: "mask",
  sampling_trigger: "on_request",
  rankings_per_comparison: 2,
  overlap_share: 0.5,
  settle_splits: true,
  gold_share: 0.05,
  retest_share: 0.02,
  training_rankings: 20,
  allow_own_conversations: false,
  exam_required: false,
  exam_writing: false,
};
