"""`python -m labelhub.embedded FOLDER`: become the keeper of a home, detached.

Exits 0 as soon as the keeper holds its lock, with the keeper running on in the background.
"""

import argparse
import fcntl
import os
import shutil
import sys
import time
from pathlib import Path

from labelhub.embedded.keeper import keep
from labelhub.embedded.places import Places, places_of

_PATIENCE_SECONDS = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m labelhub.embedded", description=__doc__)
    parser.add_argument("folder", type=Path, help="data folder; the servers live in its `servers`")
    parser.add_argument("--no-fsync", action="store_true", help="for test data only")
    parser.add_argument("--throw-away", action="store_true", help="remove FOLDER at the end")
    options = parser.parse_args()

    places = places_of(options.folder)
    if not _take_over(places):
        sys.exit(f"Another keeper runs the servers of {places.home}.")
    places.problem.unlink(missing_ok=True)
    if os.fork() != 0:
        # The child shares the lock, so that whoever waits for us finds the keeper in office.
        return
    os.setsid()
    os.chdir("/")
    users_lock = os.open(places.users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    keep(places, users_lock, fsync=not options.no_fsync)
    if options.throw_away:
        for made in (places.sockets, places.home, options.folder):
            shutil.rmtree(made, ignore_errors=True)


def _take_over(places: Places) -> bool:
    keeper_lock = os.open(places.keeper_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(keeper_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Users that look whether a keeper lives hold the lock for a moment.
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        else:
            return True


main()
