"""What a dataset's card says in words: of reasons, of sources, of the lines of a format."""

from __future__ import annotations

from collections.abc import Mapping

from annotation.datasets.mixtures import Origins

# Why rows were left out, for somebody who has never seen the place they come from.
REASONS: Mapping[str, str] = {
    "waiting_for_review": "no reviewer had read it yet",
    "returned": "it went back to its author to be changed",
    "rejected": "a reviewer found it unfit",
    "not_for_training": "made to measure people or models, never to train on",
    "use_not_allowed": "its source does not allow this use",
    "erased": "somebody whose words it held was erased",
    "rater_excluded": "the work of its author is not used from some moment on",
    "older_guideline": "made before the guidelines changed in a breaking way",
    "cannot_judge": "the rater could not judge it",
    "revised": "its author said something else later, which is in",
    "superseded": "its comparison was made again with other candidates",
    "other_criterion": "it answers another question",
    "rewritten": "the rater wrote a better reply than any shown",
    "no_acceptable_line": "the rater did not say which replies are fit to send",
    "none_acceptable": "the rater found no reply fit to send",
    "disputed": "somebody else found the reply unfit to send",
    "empty_or_cut": "the best reply has no words, or was cut by its length",
    "duplicate": "the same is in already",
    "near_duplicate": "nearly the same as an earlier row",
    "over_quota": "drawn out, so that its source keeps to its cap or proportion",
    "personal_data": "something in it looks like personal data, or a person left it out for that",
    "benchmark_overlap": "it shares 13 words in a row with a benchmark",
    "model_written": "too much of it came from a model's draft",
    "draft_outcome": "what became of a draft in it was asked to be left out",
    "untrainable_turn": "it holds replies not to be trained on, for which the format has no mark",
    "no_trainable_turn": "nothing in it may be trained on",
    "tool_turn": "the format has no place for tool turns",
    "system_turn": "the format has no place for a system turn",
    "all_tied": "all replies were ranked alike, which makes no pair",
    "empty_reply": "the format has no place for a reply without words",
    "speaker_in_text": "in a transcript its words would be read as somebody else's turn",
    "unlabelled": "nothing says of a reply alone that it is good or bad",
    "other_split": "its split is not among the files",
    "bridges_splits": "it is nearly the same as rows of two different splits",
    "too_few_raters": "fewer than two people ranked it",
    "low_agreement": "people agreed too little on it",
}
TAKEN: Mapping[str, str] = {
    Origins.ALL: "by our people and from files",
    Origins.WRITTEN: "by our people",
    Origins.IMPORTED: "from files",
    Origins.REWRITES: "what people said a chat's reply should have been",
    Origins.BETTER_REPLIES: "what people wrote while ranking",
    Origins.BEST_REPLIES: "the reply ranked best, where it was found fit to send",
    Origins.THUMBS: "replies in chats that got a thumb",
}
# What a line of each format is.
LINES: Mapping[str, str] = {
    "messages": "`messages` is a whole dialogue of `role` and `content`; every assistant turn is meant to be"
    " trained on.",
    "openai": "`messages` is a whole dialogue of `role` and `content`; where assistant turns have a `weight`,"
    " those of 0 are context.",
    "prompt-completion": "`prompt` holds the turns before an answer, `completion` the answer to train on.",
    "sharegpt": "`conversations` is a whole dialogue, `from` human and gpt by turns; `system` stands apart.",
    "alpaca": "`instruction` is the last thing asked and `output` the answer; `history` holds the turns before"
    " as pairs, `input` is empty.",
    "ranking": "A line is one person's ranking: `prompt`, `candidates` with their `rank` (1 is best, ties share"
    " one), and what the person said beside it. Lines of one `group_id` are of one comparison.",
    "preference": "`prompt`, and two replies to it: `chosen` was ranked above `rejected`. `pair_weight` is 1 over"
    " the pairs of the `group_id`.",
    "preference-implicit": "`chosen` and `rejected` are whole dialogues that differ in the last turn."
    " `pair_weight` is 1 over the pairs of the `group_id`.",
    "reward": "`chosen` and `rejected` are whole dialogues that differ in the last turn; `margin`, from 0 to 1,"
    " is by how much the one is better. `pair_weight` is 1 over the pairs of the `group_id`.",
    "openai-dpo": "`input` holds the turns before, `preferred_output` was ranked above `non_preferred_output`.",
    "hh": "`chosen` and `rejected` are whole transcripts that differ in the last reply.",
    "nectar": "`prompt` is a transcript, `answers` are the replies to it with their `rank` (1 is best).",
    "kto": "`completion` is a reply to `prompt`; `label` says whether a person found it good.",
}
