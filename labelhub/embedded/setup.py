"""What the servers need before they run (folders, a cluster, settings), and how one is started."""

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from labelhub import lifeline
from labelhub.embedded.account import Account
from labelhub.embedded.binaries import Binaries
from labelhub.embedded.exceptions import EmbeddedServerError
from labelhub.embedded.places import DATABASE, ROLE, SUPERUSER, Places

POSTGRES_MAJOR = "18"
_LARGEST_LOG_BYTES = 10_000_000
_LAST_LOG_LINES = 8
_PREDECESSOR_PATIENCE_SECONDS = 25.0

# For a machine with two cores and 8 GB that runs everything else too; all can be changed later in
# postgresql.conf, where initdb writes them.
_POSTGRES_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",  # pays for long analytical queries only, and labelhub has none
    "io_method": "sync",  # saves the three idle I/O workers
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
_REDIS_SETTINGS = """\
# Written at every start of the embedded servers.
port 0
unixsocket "{socket}"
unixsocketperm 700
requirepass {password}
dir "{folder}"
daemonize no
save ""
appendonly no
maxmemory-policy noeviction
"""
_HBA = (
    "# Everybody signs in with a password, through the socket only.\nlocal all all scram-sha-256\n"
)

# Parts of a server's last words, and what a person can do about them.
_CURES = {
    "No space left on device": "Free some space on the disk that holds {home}.",
    "Permission denied": "Give {home} back to its user, or set VAR_DIR to another folder.",
    "Operation not permitted": "Set VAR_DIR to a file system that keeps owners and modes.",
    "could not look up effective user": "Run as a user with a name in /etc/passwd.",
    "Cannot allocate memory": "Free some memory, or lower shared_buffers in postgresql.conf.",
    "incompatible with server": "Move {home} away, or run the labelhub that made it.",
    "Address already in use": "Another server uses the sockets of {home}: end it.",
}


def prepare_folders(places: Places, account: Account | None) -> None:
    """Make the folders the servers own, and empty the way for their sockets."""
    for folder in (places.redis, places.sockets):
        folder.mkdir(mode=0o700, exist_ok=True)
        # The socket folder may be in /tmp, where anybody could have put something in its place.
        found = folder.lstat()
        owners = {os.geteuid(), account.uid if account else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise EmbeddedServerError(
                f"{folder} belongs to somebody else. Remove it and start again."
            )
        folder.chmod(0o700)
        _give(folder, account)


def prepare_postgres(
    places: Places, binaries: Binaries, account: Account | None, *, fsync: bool
) -> None:
    """Make the database cluster where there is none; wait for an earlier server to leave it.

    Raises EmbeddedServerError where another version made it, or it cannot be made.
    """
    try:
        made_by = (places.postgres / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        _make_cluster(places, binaries, account, fsync=fsync)
        return
    if made_by != POSTGRES_MAJOR:
        raise EmbeddedServerError(
            f"{places.postgres} was made by PostgreSQL {made_by}, and this is {POSTGRES_MAJOR}. "
            "Carry the data over with that version's pg_dump, or move the folder away."
        )
    _wait_for_predecessor(places)


def _make_cluster(
    places: Places, binaries: Binaries, account: Account | None, *, fsync: bool
) -> None:
    # Made beside its place and moved there when whole: a kill in between leaves nothing half-made.
    draft = places.home / "postgres.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _give(draft, account)
    command = [
        str(binaries.initdb),
        *(
            "--pgdata",
            str(draft),
            "--username",
            SUPERUSER,
            "--encoding",
            "UTF8",
            "--locale",
            "C",
        ),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        *("--auth-local", "peer", "--auth-host", "reject"),
        *(f"--set={name}={value}" for name, value in _POSTGRES_SETTINGS.items()),
        *([] if fsync else ["--no-sync"]),
    ]
    _run(command, account, places)
    (draft / "pg_hba.conf").write_text(_HBA)
    statements = (
        f"ALTER ROLE {SUPERUSER} PASSWORD '{places.key(SUPERUSER)}'",
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{places.key(ROLE)}'",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    single_user = [
        str(binaries.postgres),
        "--single",
        "-j",
        "-D",
        str(draft),
        "postgres",
    ]
    _run(single_user, account, places, standard_input=";\n\n".join(statements) + ";\n\n")
    draft.rename(places.postgres)


def _run(
    command: list[str],
    account: Account | None,
    places: Places,
    standard_input: str = "",
) -> None:
    finished = subprocess.run(
        command,
        input=standard_input,
        capture_output=True,
        text=True,
        errors="replace",
        env=_environment(),
        preexec_fn=_become(account, signal.SIGKILL),
    )
    log = places.log("postgres")
    with log.open("a") as file:
        file.write(finished.stdout + finished.stderr)
    if finished.returncode != 0:
        raise EmbeddedServerError(explain("Making the PostgreSQL database", log, places))


def _wait_for_predecessor(places: Places) -> None:
    """Wait until the server of a killed keeper, told to end by the kernel, has ended."""
    try:
        pid = int((places.postgres / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    deadline = time.monotonic() + _PREDECESSOR_PATIENCE_SECONDS
    while _is_postgres(pid):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"Another PostgreSQL (process {pid}) uses {places.postgres}: end it."
            )
        time.sleep(0.05)


def _is_postgres(pid: int) -> bool:
    try:
        stat_line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    name, _, rest = stat_line.partition("(")[2].rpartition(")")
    return name == "postgres" and rest.split()[0] != "Z"


def write_redis_settings(places: Places, account: Account | None) -> Path:
    path = places.redis / "redis.conf"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(
        _REDIS_SETTINGS.format(
            socket=places.redis_socket,
            password=places.key("redis"),
            folder=places.redis,
        )
    )
    _give(path, account)
    return path


def rotate(log: Path) -> None:
    """Put a log that grew large aside; one earlier file is kept."""
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def spawn(
    command: list[str], account: Account | None, death_signal: signal.Signals, log: Path
) -> int:
    """Start a server that dies with this process; returns its process id, to be reaped."""
    become = _become(account, death_signal)
    environment = _environment()
    with log.open("ab") as output:
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                become()
                os.execve(command[0], command, environment)
            except OSError as exc:
                os.write(2, f"{command[0]} cannot be started: {exc}\n".encode())
            finally:
                os._exit(127)
    return pid


def _become(account: Account | None, death_signal: signal.Signals) -> Callable[[], None]:
    """What a child does before it turns into a server: change user, then tie its life to ours."""
    parent_pid = os.getpid()

    def become() -> None:
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        lifeline.die_with_parent(parent_pid, death_signal)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return become


def _environment() -> dict[str, str]:
    # PGDATA, PGOPTIONS and the like, and the locale, would change what the servers do.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def explain(what: str, log: Path, places: Places) -> str:
    """Cause and cure in words, from the last lines a server wrote."""
    last_words = log.read_text(errors="replace").splitlines()[-_LAST_LOG_LINES:]
    cure = next(
        (cure for sign, cure in _CURES.items() if any(sign in line for line in last_words)),
        "The log may tell more.",
    )
    lines = "\n".join(f"  {line}" for line in last_words)
    return f"{what} fails. Its last words ({log}):\n{lines}\n{cure.format(home=places.home)}"


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)
