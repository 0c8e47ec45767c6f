"""What people made of what a policy said. One module a noun; see docs/ARCHITECTURE.md."""

from annotation.models.comparisons import Candidate, CandidateSampling, Comparison, PickRun
from annotation.models.conversations import Conversation, Draft, Feedback, Message
from annotation.models.datasets import (
    Dataset,
    DatasetChunk,
    Export,
    ImportRun,
    RejectedRow,
    SplitKey,
)
from annotation.models.flags import ManagerFlag
from annotation.models.measuring import (
    ComparisonDigest,
    ExamResult,
    GoldItem,
    GoldMark,
    ProjectFigures,
)
from annotation.models.personal_data import PersonalDataFinding, PersonalDataHold
from annotation.models.projects import (
    Batch,
    Guideline,
    GuidelineAcknowledgement,
    Round,
    RoundPolicy,
)
from annotation.models.prompts import Prompt, PromptQuota
from annotation.models.questions import Question
from annotation.models.queue import Assignment, Autosave, Pool, QueueCursor, Reason, Slot, Task
from annotation.models.rankings import Placement, Ranking, RatingSchema
from annotation.models.reviews import Review, ReviewComment
from annotation.models.uploads import Upload, UploadPart
from annotation.models.versions import Benchmark, DatasetVersion, Freezing, Recipe
from annotation.models.words import AllowedUse, Purpose, TaskKind
from annotation.models.working_time import ActiveTime, TimeContest

__all__ = [
    "ActiveTime",
    "AllowedUse",
    "Assignment",
    "Autosave",
    "Batch",
    "Benchmark",
    "Candidate",
    "CandidateSampling",
    "Comparison",
    "ComparisonDigest",
    "Conversation",
    "Dataset",
    "DatasetChunk",
    "DatasetVersion",
    "Draft",
    "ExamResult",
    "Export",
    "Feedback",
    "Freezing",
    "GoldItem",
    "GoldMark",
    "Guideline",
    "GuidelineAcknowledgement",
    "ImportRun",
    "ManagerFlag",
    "Message",
    "PersonalDataFinding",
    "PersonalDataHold",
    "PickRun",
    "Placement",
    "Pool",
    "ProjectFigures",
    "Prompt",
    "PromptQuota",
    "Purpose",
    "Question",
    "QueueCursor",
    "Ranking",
    "RatingSchema",
    "Reason",
    "Recipe",
    "RejectedRow",
    "Review",
    "ReviewComment",
    "Round",
    "RoundPolicy",
    "Slot",
    "SplitKey",
    "Task",
    "TaskKind",
    "TimeContest",
    "Upload",
    "UploadPart",
]
