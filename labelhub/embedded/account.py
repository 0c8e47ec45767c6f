"""The account the servers run as: PostgreSQL refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from labelhub.embedded.exceptions import EmbeddedServerError


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account to change to before a server starts; None where we are not root.

    initdb insists on an account that has a name, and labelhub makes none: `nobody` is on every
    Linux machine.
    """
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and there is no account `nobody` to run it as. "
            "Run labelhub as another user, or set DATABASE_URL and REDIS_URL."
        ) from None
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def is_reachable(path: Path) -> bool:
    """Whether an account that owns nothing can walk down to `path` and read or enter it."""
    return all(step.stat().st_mode & 0o001 for step in path.parents) and bool(
        path.stat().st_mode & (0o001 if path.is_dir() else 0o004)
    )
