#!/usr/bin/env python
"""Django's command line, with the embedded servers held for as long as a command runs."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")


def main() -> None:
    from django.conf import settings
    from django.core.management import execute_from_command_line

    settings.HOLD_SERVERS()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
