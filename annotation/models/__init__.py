"""What people made of what a policy said. One module a noun; see docs/ARCHITECTURE.md."""

from annotation.models.comparisons import (
    Candidate,
    CandidateSampling,
    Comparison,
    PickRun,
    Placement,
    Ranking,
    RatingSchema,
)
from annotation.models.conversations import Conversation, Draft, Feedback, Message
from annotation.models.datasets import Dataset, DatasetChunk, Export, ImportRun, SplitKey
from annotation.models.projects import (
    Batch,
    Guideline,
    GuidelineAcknowledgement,
    Round,
    RoundPolicy,
)
from annotation.models.prompts import Prompt
from annotation.models.queue import Assignment, Autosave, Pool, QueueCursor, Slot, Task
from annotation.models.reviews import Review, ReviewComment
from annotation.models.words import AllowedUse, Purpose, TaskKind

__all__ = [
    "AllowedUse",
    "Assignment",
    "Autosave",
    "Batch",
    "Candidate",
    "CandidateSampling",
    "Comparison",
    "Conversation",
    "Dataset",
    "DatasetChunk",
    "Draft",
    "Export",
    "Feedback",
    "Guideline",
    "GuidelineAcknowledgement",
    "ImportRun",
    "Message",
    "PickRun",
    "Placement",
    "Pool",
    "Prompt",
    "Purpose",
    "QueueCursor",
    "Ranking",
    "RatingSchema",
    "Review",
    "ReviewComment",
    "Round",
    "RoundPolicy",
    "Slot",
    "SplitKey",
    "Task",
    "TaskKind",
]
