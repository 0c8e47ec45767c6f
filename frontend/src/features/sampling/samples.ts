import type { Policy } from "@/api/types";

/** A policy as the server shows it, for tests. */
export const policyRow = (more: Partial<Policy>): Policy => ({
  id: 3,
  name: "wren",
  state: "active",
  source_kind: "folder",
  source: "/models/wren",
  revision: "",
  tokenizer_source: "",
  api_key_variable: "",
  context_window_tokens: 4_096,
  output_licence: "CC-BY-4.0",
  trained_on: "",
  parent: null,
  weights_sha256: "a".repeat(64),
  tokenizer_sha256: "b".repeat(64),
  chat_template_sha256: "c".repeat(64),
  check_result: null,
  created_at: "2026-01-01T10:00:00Z",
  activated_at: "2026-01-01T10:00:00Z",
  retired_at: null,
  ...more,
});
