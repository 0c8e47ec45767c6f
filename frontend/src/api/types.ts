/** Short names for the generated types, so that a page reads in the words of the domain. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Role = Me["memberships"][number]["role"];
export type ConsentDocument = Schemas["ConsentDocument"];
export type Home = Schemas["Home"];
export type Queue = Home["queues"][number];
export type TaskKind = Queue["kind"];
export type Sampling = Schemas["Sampling"];
export type Guideline = Schemas["Guideline"];
export type Assignment = Schemas["Assignment"];
export type Autosave = Assignment["autosaves"][number];
export type Conversation = Schemas["Conversation"];
export type Message = Conversation["messages"][number];
export type Comparison = NonNullable<Assignment["comparison"]>;
export type SkipReason = Schemas["SkipRequest"]["reason"];
export type ThreadTurn = Schemas["ThreadRequest"]["turns"][number];
export type Drafts = Schemas["Drafts"];
export type RankingRequest = Schemas["RankingRequest"];
export type ReviewRequest = Schemas["ReviewRequest"];
export type Verdict = ReviewRequest["verdict"];
export type Generation = Schemas["Generation"];
export type Progress = Schemas["Progress"];
export type Export = Schemas["Export"];
export type ExportRequest = Schemas["ExportRequest"];
export type ExportKind = Export["kind"];
