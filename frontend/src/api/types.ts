/** Short names for the generated types, so that a page reads in the words of the domain. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["MeOutput"];
export type Role = Me["memberships"][number]["role"];
export type ConsentDocument = Schemas["ConsentDocumentOutput"];
export type Home = Schemas["HomeOutput"];
export type Queue = Home["queues"][number];
export type TaskKind = Queue["kind"];
export type Sampling = Schemas["SamplingOutput"];
export type Assignment = Schemas["AssignmentOutput"];
export type Autosave = Assignment["autosaves"][number];
export type Conversation = Schemas["ConversationOutput"];
export type Message = Conversation["messages"][number];
export type Comparison = NonNullable<Assignment["comparison"]>;
export type SkipReason = Schemas["SkipInputRequest"]["reason"];
export type ThreadTurn = Schemas["ThreadInputRequest"]["turns"][number];
export type Drafts = Schemas["DraftsOutput"];
export type RankingRequest = Schemas["RankingInputRequest"];
export type ReviewRequest = Schemas["ReviewInputRequest"];
export type Verdict = ReviewRequest["verdict"];
export type Generation = Schemas["GenerationOutput"];
export type Progress = Schemas["ProgressOutput"];
export type Export = Schemas["ExportOutput"];
export type ExportRequest = Schemas["ExportInputRequest"];
export type ExportKind = Export["kind"];
