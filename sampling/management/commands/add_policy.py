"""Registers a policy."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from labelhub.commands import DatabaseCommand
from labelhub.exceptions import LabelhubError
from sampling import registry, selectors


class Command(DatabaseCommand):
    help = (
        "Register a policy: a Hugging Face id, a local folder, or openai:BASE_URL#MODEL. Its "
        "files are fetched and hashed; a GPU worker loads them when it first serves the policy."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the policy is called in labelhub")
        parser.add_argument("source", help="where it lives")
        parser.add_argument("--revision", default="", help="commit, tag or branch of a hub id")
        parser.add_argument(
            "--tokenizer",
            default="",
            metavar="SOURCE",
            help="folder or hub id with tokenizer and chat template, for a server",
        )
        parser.add_argument(
            "--api-key-variable",
            default="",
            metavar="NAME",
            help="name of the environment variable that holds a server's key",
        )
        parser.add_argument("--output-licence", default="", help="licence of what it writes")
        parser.add_argument(
            "--context-window", type=int, metavar="TOKENS", help="where the files do not say"
        )
        parser.add_argument("--parent", metavar="NAME", help="the policy it was tuned from")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            parent = options["parent"] and selectors.policy_named(options["parent"])
            policy = registry.add_policy(
                name=options["name"],
                source=options["source"],
                revision=options["revision"],
                tokenizer_source=options["tokenizer"],
                api_key_variable=options["api_key_variable"],
                output_licence=options["output_licence"],
                context_window_tokens=options["context_window"],
                parent=parent or None,
            )
        except LabelhubError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            f"{policy.name}: {policy.source} {policy.revision}".rstrip()
            + f", window {policy.context_window_tokens} tokens"
        )
