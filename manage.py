#!/usr/bin/env python
"""Django's command line, with the embedded servers held for as long as a command runs."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")


def main() -> None:
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from labelhub.embedded import EmbeddedServerError

    # The demo starts the servers as its first step, in view; serving a policy from its files needs
    # none.
    if sys.argv[1:2] not in (["demo"], ["serve_policy"]):
        try:
            settings.HOLD_SERVERS()
        except EmbeddedServerError as exc:
            sys.exit(str(exc))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
