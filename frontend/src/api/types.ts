/** Short names for the generated types, so that a page reads in the words of the domain. */
import type { components, paths } from "./schema";

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
export type Figures = NonNullable<Schemas["FiguresOutput"]["figures"]>;
export type Estimate = Schemas["EstimateOutput"];
export type RaterFigures = Figures["raters"][number];
export type WinRate = Figures["policies"]["rates"][number];
export type ComparisonDetail = Schemas["ComparisonDetailOutput"];
export type ComparisonState = Schemas["ComparisonRowOutput"]["state"];
export type ComparisonSettings = Schemas["ComparisonSettingsOutput"];
export type RatingSchema = Schemas["RatingSchemaOutput"];
export type RatingSchemaRequest = Schemas["RatingSchemaInputRequest"];
export type PickRun = Schemas["PickRunOutput"];
export type PickRunRequest = Schemas["PickRunInputRequest"];
export type Making = Schemas["MakingOutput"];
export type ManagerFlag = Schemas["ManagerFlagOutput"];
export type GoldMarkRequest = Schemas["GoldMarkInputRequest"];
export type MyFigures = Schemas["MyFiguresOutput"];
export type Export = Schemas["ExportOutput"];
export type ExportRequest = Schemas["ExportInputRequest"];
export type Upload = Schemas["UploadOutput"];
export type UploadRequest = Schemas["UploadInputRequest"];
export type ExportKind = Export["kind"];
export type SamplingFigures = Schemas["SamplingFiguresOutput"];
export type GateMode = SamplingFigures["gate"]["mode"];
export type SamplingLine = SamplingFigures["lines"][number];
export type SamplingRunner = SamplingFigures["runners"][number];
export type Policy = Schemas["PolicyOutput"];
export type PolicyRequest = Schemas["PolicyInputRequest"];
export type PolicyChanges = Schemas["PatchedPolicyChangesInputRequest"];
export type ProbeRequest = Schemas["ProbeInputRequest"];
export type Serving = Schemas["ServingOutput"];
export type Served = Serving["served"][number];
export type ServedRequest = Schemas["ServedInputRequest"];
export type ServedUse = Served["use"];
export type Lengths = Schemas["LengthsOutput"];
export type Feedback = NonNullable<Message["feedback"]>;
export type FeedbackReason = Feedback["reasons"][number];
export type FeedbackRequest = Schemas["FeedbackInputRequest"];
export type WrittenRow = Schemas["WrittenRowOutput"];
export type WrittenGroup = NonNullable<
  NonNullable<
    paths["/api/v1/projects/{slug}/conversations/"]["get"]["parameters"]["query"]
  >["group"]
>;
export type Written = Schemas["WrittenOutput"];
export type Question = Schemas["QuestionOutput"];
export type WithdrawnTask = Schemas["WithdrawnOutput"];
export type AskedQuestion = Schemas["AskedQuestionOutput"];
export type TimeContest = Schemas["OpenContestOutput"];
export type Declaration = Schemas["DeclarationOutput"];
export type DeclarationRequest = Schemas["DeclarationInputRequest"];
export type NewPrompt = Schemas["NewPromptInputRequest"];
export type PromptChanges = Schemas["PatchedPromptChangesInputRequest"];
export type PromptPlan = Schemas["PromptPlanOutput"];
export type PromptPlanRequest = Schemas["PromptPlanInputRequest"];
export type PromptRow = Schemas["PromptRowOutput"];
export type PromptsShown = NonNullable<
  NonNullable<paths["/api/v1/projects/{slug}/prompts/"]["get"]["parameters"]["query"]>["show"]
>;
export type WorkingDay = Schemas["DayOutput"];
export type DraftTrial = Schemas["DraftTrialOutput"];
export type Recipe = Schemas["RecipeOutput"];
export type RecipeRequest = Schemas["RecipeInputRequest"];
export type RecipeContents = Schemas["ContentsRequest"];
export type RecipeSource = Schemas["SourceRequest"];
export type Freezing = Schemas["FreezingOutput"];
export type MixtureTable = NonNullable<Freezing["table"]>;
export type PersonalDataHold = Schemas["PersonalDataHoldOutput"];
export type PersonalDataDecision = Schemas["PersonalDataDecisionInputRequest"]["decision"];
export type Benchmark = Schemas["BenchmarkOutput"];
export type DatasetVersion = Schemas["DatasetVersionOutput"];
export type DatasetVersionDetail = Schemas["DatasetVersionDetailOutput"];
export type VersionDiff = Schemas["DiffOutput"];
