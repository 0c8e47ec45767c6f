"""Refusals about what comes in as a file and what leaves as one."""

from labelhub.exceptions import LabelhubError


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


class NothingToFreeze(LabelhubError):
    code, status = "nothing_to_freeze", 409
    detail = "No row may go into this version; count the recipe to see why each is left out, and change it."


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
