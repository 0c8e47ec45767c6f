"""Serves a policy over HTTP, as OpenAI's API."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from labelhub.config import FEWEST_ENGINE_SLOTS
from labelhub.exceptions import LabelhubError
from sampling import policies, selectors
from sampling.engine import spec
from sampling.engine.protocol import EngineError
from sampling.tokens import TokensError


class Command(BaseCommand):
    help = (
        "Serve a policy as an OpenAI-compatible endpoint: a local folder, a Hugging Face id, or "
        "the name of a registered policy (only that needs the database). Ends with Ctrl-C."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("policy", help="folder, organisation/name, or a registered name")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8001, help="0 takes any free one")
        parser.add_argument("--revision", help="commit, tag or branch of a hub id")
        parser.add_argument("--name", help="what requests call it (default: the folder or id)")
        parser.add_argument(
            "--api-key-variable",
            metavar="NAME",
            help="name of the environment variable with the key that requests must send",
        )
        parser.add_argument("--device", help="cpu, cuda or cuda:1 (default: a GPU if there is one)")
        parser.add_argument(
            "--slots", type=enough_slots, default=settings.ENGINE_SLOTS, help="completions at once"
        )
        parser.add_argument("--queue", type=int, default=64, help="waiting requests, each priority")
        parser.add_argument(
            "--memory-gib",
            type=float,
            default=settings.ENGINE_MEMORY_GIB,
            help="weights, cache and room to work (default: a share of what the device has free)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # The one door to torch, and only this process goes through it.
        from sampling.engine.memory import Allowance
        from sampling.engine.serving import serve_policy

        try:
            source, revision, name = find_source(options["policy"])
            serve_policy(
                source,
                revision=options["revision"] or revision,
                name=options["name"] or name,
                host=options["host"],
                port=options["port"],
                announce=self._announce,
                api_key_variable=options["api_key_variable"],
                device=options["device"],
                allowance=Allowance.stated(
                    n_slots=options["slots"], memory_gib=options["memory_gib"]
                ),
                queue_limit=options["queue"],
                n_threads=settings.TORCH_THREADS,
            )
        except LabelhubError as error:
            raise CommandError(error.detail) from error
        except (EngineError, TokensError) as error:
            raise CommandError(f"{error} ({error.code})") from error
        except OSError as error:
            raise CommandError(
                f"{options['host']}:{options['port']} cannot be listened on: {error}"
            ) from error

    def _announce(self, base_url: str) -> None:
        self.stdout.write(f"Serving at {base_url}")
        self.stdout.flush()


def enough_slots(text: str) -> int:
    """Return a number of slots that a comparison of any size fits. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < FEWEST_ENGINE_SLOTS:
        raise ArgumentTypeError(
            f"{text} is not enough: a comparison of nine wants at least {FEWEST_ENGINE_SLOTS}, a "
            "third of the slots being for people"
        )
    return int(text)


def find_source(policy: str) -> tuple[str, str | None, str | None]:
    """Return source, revision and name; the database is asked for a registered name only."""
    place = policies.place_of(policy)
    if spec.folder_at(place) is not None or "/" in policy:
        return place, None, None
    settings.HOLD_SERVERS()
    registered = selectors.policy_named(policy)
    return policies.place_of(registered.source), registered.revision or None, registered.name
