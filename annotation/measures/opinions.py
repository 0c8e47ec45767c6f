"""Which rankings are people's opinions, and what each of them counts in (DATA.md §3 and §4).

Rankings from files are data, never raters, and what somebody says of a conversation of their own is left
out of all statistics: neither is an opinion, whatever it was asked for.
"""

# Why an assignment was given, words of models.Reason. Agreement, biases and the scores of people are of
# these alone: other rankings exist only where people disagreed.
PLANNED = ("planned",)
# A consensus is of these: the extra opinion is asked for so that there be one. What a lead adjudicates
# stands beside them, never over.
OPINIONS = (*PLANNED, "extra")
