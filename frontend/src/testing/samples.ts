import type { Assignment, Comparison, Conversation, Home, Me, Message } from "@/api/types";

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
  prompt: null,
  language: "en",
  sensitivity: [],
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
