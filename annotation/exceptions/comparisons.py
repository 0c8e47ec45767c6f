"""Refusals about making comparisons, known items and the exam."""

from labelhub.exceptions import LabelhubError


class NoOpenRound(LabelhubError):
    code, status = "no_open_round", 409
    detail = "This project has no open round; open one first."


class ServedTwice(LabelhubError):
    code, status = "served_twice", 400
    detail = "A policy is named twice for one use; name it once, with one weight."


class NoCandidatePolicy(LabelhubError):
    code, status = "no_candidate_policy", 409
    detail = "No policy of the open round writes candidates; add one to the round first."


class NothingToPick(LabelhubError):
    code, status = "nothing_to_pick", 409
    detail = (
        "No finished chat has a model-written message that could still be compared in this round."
    )


class NotFailed(LabelhubError):
    code, status = "not_failed", 409
    detail = "Only a failed or cancelled comparison can be tried again."


class NotResampled(LabelhubError):
    code, status = "not_resampled", 409
    detail = "Only a ready comparison whose candidates were sampled here can be sampled again."


class NothingToCancel(LabelhubError):
    code, status = "nothing_to_cancel", 409
    detail = "Nothing of this run is being sampled any more."


class NotReady(LabelhubError):
    code, status = "not_ready", 409
    detail = "This comparison has no candidates to judge; only a ready one can be marked."


class AlreadyMarked(LabelhubError):
    code, status = "already_marked", 409
    detail = "You have said which pairs of this comparison are clear; another lead has to agree."


class UnknownPair(LabelhubError):
    code = "unknown_pair"
    detail = "A clear pair names two candidates of this comparison, the better first, and once."


class ExamNotAsked(LabelhubError):
    code, status = "exam_not_asked", 409
    detail = "This project asks for no exam; start ranking."


class ExamPassed(LabelhubError):
    code, status = "exam_passed", 409
    detail = "You have passed this project's exam; start ranking."


class ExamUnderWay(LabelhubError):
    code, status = "exam_under_way", 409
    detail = "You are sitting the exam; its items come when you start ranking."


class ExamFailed(LabelhubError):
    code, status = "exam_failed", 409
    detail = "You did not pass this time. A week after it you may try again, with other items."


class ExamTooSmall(LabelhubError):
    code, status = "exam_too_small", 409
    detail = "An exam needs 40 clear pairs that two leads agreed on; mark more comparisons for it."


class ExamLacksPrompts(LabelhubError):
    code, status = "exam_lacks_prompts", 409
    detail = (
        "The exam asks for demonstrations on two sensitive prompts, and fewer are left for you. Tick"
        " more sensitive topics under “Languages and content”, or ask a manager for more prompts."
    )
