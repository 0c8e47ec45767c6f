"""Refusals about work. One class a refusal; the code is part of the API."""

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


class AlreadySettled(LabelhubError):
    code, status = "already_settled", 409
    detail = "Somebody has settled this flag already."


class SayWhatIsWrong(LabelhubError):
    code = "say_what_is_wrong"
    detail = "Say in a few words what a manager should look at."


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


class RankingRefused(LabelhubError):
    """A ranking that contradicts itself or the comparison; nothing of it is stored."""


class UnknownCandidate(RankingRefused):
    code = "unknown_candidate"
    detail = "The ranking names a candidate that this comparison does not have."


class CandidateMissing(RankingRefused):
    code = "candidate_missing"
    detail = "Place every candidate, or say that you cannot judge."


class CandidateRepeated(RankingRefused):
    code = "candidate_repeated"
    detail = "A candidate stands in two places."


class EmptyTier(RankingRefused):
    code = "empty_tier"
    detail = "A tier holds no candidate; leave it out."


class NotOpened(RankingRefused):
    code = "not_opened"
    detail = "Read every candidate to its end first, or say that you cannot judge."


class AcceptableTierOutOfRange(RankingRefused):
    code = "acceptable_tier_out_of_range"
    detail = "The acceptable line stands below the last tier."


class RatingOutOfScale(RankingRefused):
    code = "rating_out_of_scale"
    detail = "A rating is not on the project's scale."


class RatingMissing(RankingRefused):
    code = "rating_missing"
    detail = "Rate every candidate."


class StrengthMissing(RankingRefused):
    code = "strength_missing"
    detail = "Say how much better the one is than the other."


class StrengthNotAsked(RankingRefused):
    code = "strength_not_asked"
    detail = "How much better is asked only of two candidates, where the project wants it."


class StrengthContradictsOrder(RankingRefused):
    code = "strength_contradicts_order"
    detail = "The strength and the order say different things."


class RewriteUnchanged(RankingRefused):
    code = "rewrite_unchanged"
    detail = "The better reply is word for word one of the candidates; change it or leave it out."


class RewriteMasked(RankingRefused):
    code = "rewrite_masked"
    detail = "Your better reply holds ▇▇▇, which hides a name from you; write without it."


class UnknownFlag(RankingRefused):
    code = "unknown_flag"
    detail = "The project does not have this flag."


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


class AlreadyDecided(LabelhubError):
    code, status = "already_decided", 409
    detail = "This was decided already; ask the person to contest the day again."


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


class NothingToAnswer(LabelhubError):
    code = "nothing_to_answer"
    detail = "There is no user turn to reply to yet."


class NotWithdrawn(LabelhubError):
    code, status = "not_withdrawn", 409
    detail = (
        "This task does not wait for a decision any more; somebody has put it back or dropped it."
    )


class NoBriefToEdit(LabelhubError):
    code, status = "no_brief_to_edit", 409
    detail = "Nobody wrote a brief for this task; put it back as it is, or drop it."


class NothingToContinue(LabelhubError):
    code = "nothing_to_continue"
    detail = (
        "Only a reply that was stopped or cut off can be continued; ask for another one instead."
    )


class NoReplyYet(LabelhubError):
    code = "no_reply_yet"
    detail = "A chat can be finished once the policy has replied at least once."


class SayWhy(LabelhubError):
    code = "say_why"
    detail = "Say what is wrong, in a comment on the whole or on a turn."


class UnknownMessage(LabelhubError):
    code = "unknown_message"
    detail = "A comment names a turn that this conversation does not have."


class FileRefused(LabelhubError):
    code = "file_refused"
    detail = "No reader takes this file."


class DraftsAreDialogues(LabelhubError):
    code = "drafts_are_dialogues"
    detail = "Only dialogues can wait for review; import prompts and rankings as they are."


class FormatUnknown(LabelhubError):
    code = "format_unknown"
    detail = "This kind of export has no such format."


class SplitRefused(LabelhubError):
    code = "split_refused"
    detail = "The split cannot be read; write it as train=0.9,test=0.1."


class ParquetRefused(LabelhubError):
    code, status = "parquet_refused", 409
    detail = "A line does not fit its format's columns; export the rows as JSON lines."


class LineUnknown(LabelhubError):
    code, status = "line_unknown", 404
    detail = "That line cannot be traced back to rows of this installation."


class AggregationRefused(LabelhubError):
    code = "aggregation_refused"
    detail = "Several people's rankings cannot be added up in this way."


class ThumbsRefused(LabelhubError):
    code = "thumbs_refused"
    detail = "Thumbs say of single replies that they are good or bad: only “kto” lines hold that."


class RecipeNameTaken(LabelhubError):
    code, status = "recipe_name_taken", 409
    detail = "The project has a recipe of this name; choose another, or change that one."


class SourceUnknown(LabelhubError):
    code = "source_unknown"
    detail = "A source names a project that you do not manage."


class BenchmarkUnknown(LabelhubError):
    code = "benchmark_unknown"
    detail = "The recipe names a benchmark that this project does not have; add its file first."


class BenchmarkEmpty(LabelhubError):
    code = "benchmark_empty"
    detail = "The file holds no text of 13 words or more, so nothing could be told by it."


class TokenizerUnknown(LabelhubError):
    code = "tokenizer_unknown"
    detail = "No policy of this name has a tokenizer here; choose one whose files are."


class FreezingUnderWay(LabelhubError):
    code, status = "freezing_under_way", 409
    detail = "This recipe is being counted or frozen already; wait for that, or cancel it."


class AlreadyWithdrawn(LabelhubError):
    code, status = "already_withdrawn", 409
    detail = "This version is withdrawn; freeze the recipe again for another."


class RebuildDiffers(LabelhubError):
    code, status = "rebuild_differs", 409
    detail = "The frozen rows no longer give the files that the version was frozen with."


class NobodyToErase(LabelhubError):
    code, status = "nobody_to_erase", 409
    detail = "This account has written nothing, was erased already, or is your own."


class CriteriaMixed(LabelhubError):
    code, status = "criteria_mixed", 409
    detail = "The rankings answer different questions; name the criterion to export."


class FileBeingWritten(LabelhubError):
    code = "file_being_written"
    status = 409
    detail = "Another process is writing this file now; wait for it, or name another file."


class ExportNotReady(LabelhubError):
    code, status = "export_not_ready", 409
    detail = "The file is not whole yet; come back when the export is done."


class UploadTooLarge(LabelhubError):
    code, status = "upload_too_large", 413
    detail = (
        "The file is larger than this site takes; pack it with gzip or zstd, or send it in pieces."
    )


class TooManyUploads(LabelhubError):
    code, status = "too_many_uploads", 409
    detail = "Too many files of this project are on their way; send the rest of one, or cancel it."


class UploadPartRefused(LabelhubError):
    code = "upload_part_refused"
    detail = "The part has not the size that its place in the file has; send it again."


class UploadEnded(LabelhubError):
    code, status = "upload_ended", 409
    detail = "The file is whole already, or no longer wanted; send it anew."


class NoRejects(LabelhubError):
    code, status = "no_rejects", 409
    detail = "No row was rejected, or the file has not been read to its end."


class LinkExpired(LabelhubError):
    code, status = "link_expired", 410
    detail = "This download link is no longer valid; ask for the file again."
