"""Refusals about writing, chatting and reviewing."""

from labelhub.exceptions import LabelhubError


class ConversationSettled(LabelhubError):
    code, status = "conversation_settled", 409
    detail = "This conversation was handed in or decided on; its turns can no longer change."


class ThreadRefused(LabelhubError):
    """A thread that is not a dialogue, or breaks the project's limits; nothing of it is stored."""


class RolesMustAlternate(ThreadRefused):
    code = "roles_must_alternate"
    detail = "After an optional system turn, user and assistant take turns, and the user begins."


class TurnTooLong(ThreadRefused):
    code = "turn_too_long"
    detail = "A turn is longer than this project allows."


class TooManyTurns(ThreadRefused):
    code = "too_many_turns"
    detail = "The conversation has more turns than this project allows."


class EmptyTurn(ThreadRefused):
    code = "empty_turn"
    detail = "A turn is empty; write it or remove it."


class UnknownTurn(ThreadRefused):
    code = "unknown_turn"
    detail = "The thread names a turn that is not on its live path; load it again."


class UnknownDraft(ThreadRefused):
    code = "unknown_draft"
    detail = "The thread names a draft that was not shown for such a turn."


class DraftUnfinished(ThreadRefused):
    code, status = "draft_unfinished", 409
    detail = "This draft is still being written; wait for its end or stop it, then insert it."


class NothingWritten(ThreadRefused):
    code = "nothing_written"
    detail = "Nothing has been written yet."


class MustEndWithAssistant(ThreadRefused):
    code = "must_end_with_assistant"
    detail = "The last turn is the user's; write the assistant's answer to it."


class TooFewTurns(ThreadRefused):
    code = "too_few_turns"
    detail = "The conversation has fewer turns than this project asks for."


class AlreadyActedOn(LabelhubError):
    code, status = "already_acted_on", 409
    detail = "Somebody has begun to work on this since; it can no longer be changed."


class NothingAsked(LabelhubError):
    code = "nothing_asked"
    detail = "Write your question first."


class StaysYours(LabelhubError):
    code, status = "stays_yours", 409
    detail = "This work waits for you alone and cannot be given back; ask, and keep it."


class AlreadyDecided(LabelhubError):
    code, status = "already_decided", 409
    detail = "This was decided already; ask the person to contest the day again."


class OwnTime(LabelhubError):
    code, status = "own_time", 403
    detail = "Nobody decides on their own time; ask another manager, or an admin."


class PersonalDataFound(LabelhubError):
    code, status = "personal_data_found", 409
    detail = (
        "Some of this looks like somebody's personal data. Take it out or make it up, or submit again "
        "to say that it belongs to nobody."
    )


class DraftsOff(LabelhubError):
    code, status = "drafts_off", 403
    detail = "This conversation is written without drafts."


class NotTheAssistantsTurn(LabelhubError):
    code, status = "not_the_assistants_turn", 409
    detail = "Drafts are for the assistant's turn here; write the user's turn yourself first."


class NoPolicy(LabelhubError):
    code, status = "no_policy", 409
    detail = "No policy serves this in the project's round; ask a manager to add one."


class DraftUsed(LabelhubError):
    code, status = "draft_used", 409
    detail = "This draft is part of the conversation; take its turn out first."


class ReplyPending(LabelhubError):
    code, status = "reply_pending", 409
    detail = "The reply is still being written; wait for its end or stop it."


class SaidDifferently(LabelhubError):
    code, status = "said_differently", 409
    detail = "Another message was sent under this key; load the conversation, then send this one."


class NothingToAnswer(LabelhubError):
    code = "nothing_to_answer"
    detail = "There is no user turn to reply to yet."


class NothingToContinue(LabelhubError):
    code = "nothing_to_continue"
    detail = (
        "Only a reply that was stopped or cut off can be continued; ask for another one instead."
    )


class NoReplyYet(LabelhubError):
    code = "no_reply_yet"
    detail = "A chat can be finished once the policy has replied at least once."


class GoodAsItIs(LabelhubError):
    code = "good_as_it_is"
    detail = (
        "What a good reply should have said is what it says; write a better one with a thumb down."
    )


class SayWhy(LabelhubError):
    code = "say_why"
    detail = "Say what is wrong, in a comment on the whole or on a turn."


class ScoreAsked(LabelhubError):
    code = "score_asked"
    detail = "This is part of an entry exam: score it from 1 to 7, and give no other verdict."


class ScoreNotAsked(LabelhubError):
    code = "score_not_asked"
    detail = "Only what was written in an entry exam is scored; approve, return or reject this one."


class ScoredAsWritten(LabelhubError):
    code, status = "scored_as_written", 409
    detail = "This is part of an entry exam: it is scored as it was written, and cannot be changed."


class UnknownMessage(LabelhubError):
    code = "unknown_message"
    detail = "A comment names a turn that this conversation does not have."
