"""Refusals about work that is handed out: claiming, holding, handing in, taking out."""

from labelhub.exceptions import LabelhubError


class NoTaskAvailable(LabelhubError):
    code, status = "no_task_available", 404
    detail = "There is nothing for you to do here right now."


class SensitiveRest(LabelhubError):
    code, status = "sensitive_rest", 409
    detail = (
        "You have done as much sensitive work in a row, or today, as is good for anybody. "
        "Take a break of an hour or do other work; there is none open for you just now."
    )


class KindNotYours(LabelhubError):
    code, status = "kind_not_yours", 403
    detail = "Your role in this project does not do this kind of work."


class ProjectPaused(LabelhubError):
    code, status = "project_paused", 409
    detail = "A manager has paused this project; your saved work is safe. Come back later."


class GuidelineUnread(LabelhubError):
    code, status = "guideline_unread", 409
    detail = "The guidelines changed in a way that matters; read and acknowledge them first."


class LeaseLost(LabelhubError):
    code, status = "lease_lost", 409
    detail = (
        "Your time on this task ran out and someone else took it. What you wrote is kept under "
        "“Kept for you” on your home page."
    )


class WorkEnded(LeaseLost):
    code = "work_ended"
    detail = (
        "You handed this task in, skipped it or gave it back, in another tab or on another device. "
        "Copy from here what you still need."
    )


class TaskWithdrawn(LeaseLost):
    code = "task_withdrawn"
    detail = (
        "Your time on this task ran out, and it was taken out of the queue since: nobody does it any "
        "more. What you wrote is kept for you to read and copy."
    )


class AlreadySubmittedDifferently(LabelhubError):
    code, status = "already_submitted_differently", 409
    detail = "This task was already submitted with another answer; the first one stands."


class OpenElsewhere(LabelhubError):
    code, status = "open_elsewhere", 409
    detail = "This work is open in another tab or on another device; go on there, or continue here."


class StaleVersion(LabelhubError):
    code, status = "stale_version", 409
    detail = (
        "This was changed in another tab or on another device; load the newer version to go on."
    )


class AlreadySettled(LabelhubError):
    code, status = "already_settled", 409
    detail = "Somebody has settled this flag already."


class SayWhatIsWrong(LabelhubError):
    code = "say_what_is_wrong"
    detail = "Say in a few words what a manager should look at."


class NotWithdrawn(LabelhubError):
    code, status = "not_withdrawn", 409
    detail = (
        "This task does not wait for a decision any more; somebody has put it back or dropped it."
    )


class NoBriefToEdit(LabelhubError):
    code, status = "no_brief_to_edit", 409
    detail = "Nobody wrote a brief for this task; put it back as it is, or drop it."
