"""What tests of readers share: rows in from lines, and turns to compare them with."""

import io

import orjson

from annotation.datasets import readers
from annotation.datasets.records import (
    MessageRecord,
    Reject,
)

USER = MessageRecord("user", "Hi?")
TAUGHT = MessageRecord("assistant", "Hello.", trainable=True)
CONTEXT = MessageRecord("assistant", "Hello.")
SYSTEM = MessageRecord("system", "Be kind.")


def read(*lines, file_format=None):
    content = b"\n".join(line if type(line) is bytes else orjson.dumps(line) for line in lines)
    return list(readers.Reader(io.BytesIO(content), file_format=file_format))


def turns_of(line, file_format):
    (record,) = read(line, file_format=file_format)
    assert not isinstance(record, Reject), record
    return record.messages


def says(role, content):
    return {"role": role, "content": content}


HI = says("user", "Hi?")
HELLO = says("assistant", "Hello.")

RANKING = {
    "schema": "labelhub.ranking/1",
    "prompt": [HI],
    "candidates": [{"id": 1, "content": "A", "rank": 1}, {"id": 2, "content": "B", "rank": 2}],
}


def ranked(**changes):
    return RANKING | changes


# A sound line of each format that says this somewhere.
SOUND = {
    "messages": lambda text: {"messages": [HI, says("assistant", text)]},
    "openai": lambda text: {"messages": [says("system", "Be kind."), HI, says("assistant", text)]},
    "prompt-completion": lambda text: {"prompt": "Hi?", "completion": text},
    "prompt-only": lambda text: {"prompt": text},
    "alpaca": lambda text: {"instruction": "Hi?", "input": "", "output": text},
    "sharegpt": lambda text: {
        "conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": text}]
    },
    "hh": lambda text: {
        "chosen": f"\n\nHuman: Hi?\n\nAssistant: {text}",
        "rejected": "\n\nHuman: Hi?\n\nAssistant: No.",
    },
    "oasst": lambda text: {
        "message_tree_id": "t",
        "prompt": {
            "text": "Hi?",
            "role": "prompter",
            "replies": [
                {"text": text, "role": "assistant", "rank": 0},
                {"text": "No.", "role": "assistant", "rank": 1},
            ],
        },
    },
    "ranking": lambda text: (
        RANKING
        | {
            "candidates": [
                {"id": 1, "content": text, "rank": 1},
                {"id": 2, "content": "B", "rank": 2},
            ]
        }
    ),
    "candidates": lambda text: {"prompt": "Hi?", "candidates": [text, "No."]},
}
