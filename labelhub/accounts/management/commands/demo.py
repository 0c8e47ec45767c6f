"""`manage.py demo`: from nothing to a running labelhub with something to look at, in one command."""

import argparse
import io
import socket
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connection, connections

from labelhub import programs
from labelhub.embedded import EmbeddedServerError, release
from labelhub.health import unapplied_migrations
from labelhub.supervisor import Program, StepError, Supervisor, listen, step

_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 (compared with, not listened on)


class Command(BaseCommand):
    help = "Migrate, load the demo fixtures, start web, workers and beat, and keep them running."
    # The database may not be there yet, let alone up to date.
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="first port to try")
        parser.add_argument("--no-fixtures", action="store_true", help="load no demo fixtures")

    def handle(self, *, host: str, port: int, no_fixtures: bool, **_: Any) -> None:
        try:
            summary = self._prepare(with_fixtures=not no_fixtures)
            with listen(host, port) as listener:
                port = listener.getsockname()[1]
                supervisor = Supervisor(self._programs(listener), settings.CONFIG.var_dir / "log")
                supervisor.run(when_ready=lambda: self._welcome(host, port, summary))
        except StepError as exc:
            raise CommandError(str(exc)) from exc
        except KeyboardInterrupt:
            raise CommandError("Stopped before everything was started.") from None
        if settings.EMBEDDED:
            with step("Stopping PostgreSQL and Redis"):
                release(settings.CONFIG.var_dir)

    def _prepare(self, *, with_fixtures: bool) -> str:
        """Everything before the first process; returns what the fixtures' loader has to say."""
        if not (settings.FRONTEND_DIST / "index.html").exists():
            raise StepError("The web app is not built. Run `make frontend` and start again.")
        summary = io.StringIO()
        try:
            with step("Starting PostgreSQL and Redis"):
                settings.HOLD_SERVERS()
            with step("Bringing the database schema up to date"):
                # Looking is a second faster than a migrate that finds nothing to do.
                if unapplied_migrations():
                    call_command("migrate", verbosity=0, interactive=False)
            self._require_connections()
            if with_fixtures:
                with step("Loading the demo fixtures"):
                    call_command("seed_demo", stdout=summary)
        except EmbeddedServerError as exc:
            raise StepError(f"Starting PostgreSQL and Redis failed.\n{exc}") from exc
        except DatabaseError as exc:
            raise StepError(
                f"Preparing the database failed: {exc}\n"
                "Move VAR_DIR away to start anew, or mend what the message names."
            ) from exc
        finally:
            # Nothing below asks the database; its connections are for those that do.
            connections.close_all()
        return summary.getvalue()

    def _require_connections(self) -> None:
        """Raises StepError where PostgreSQL takes fewer connections than the processes may hold."""
        config = settings.CONFIG
        n_wanted = programs.n_connections(
            n_web_processes=config.web_processes,
            n_web_threads=config.web_threads,
            n_gpu_threads=config.gpu_threads,
            n_gpu_workers=max(1, len(config.gpu_devices)),
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('max_connections')::int"
                " - current_setting('superuser_reserved_connections')::int"
            )
            (n_taken,) = cursor.fetchone()
        if n_wanted > n_taken:
            raise StepError(
                f"The processes may open {n_wanted:,} connections to PostgreSQL, which takes"
                f" {n_taken:,}. Lower WEB_PROCESSES, WEB_THREADS or GPU_THREADS, or raise"
                " max_connections in postgresql.conf."
            )

    def _programs(self, listener: socket.socket) -> list[Program]:
        run_folder = settings.CONFIG.var_dir / "run"
        run_folder.mkdir(parents=True, exist_ok=True)
        return [
            *programs.web(
                run_folder,
                listener,
                # A name with a leading dot stands for all below it, and a star for any.
                site=settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost"),
                n_processes=settings.CONFIG.web_processes,
            ),
            programs.worker(run_folder),
            *programs.gpu_workers(
                run_folder,
                n_threads=settings.CONFIG.gpu_threads,
                devices=settings.CONFIG.gpu_devices,
            ),
            programs.beat(run_folder),
        ]

    def _welcome(self, host: str, port: int, summary: str) -> None:
        name = "localhost" if host in _ANYWHERE else f"[{host}]" if ":" in host else host
        self.stdout.write(f"\n{summary}\nlabelhub is ready at http://{name}:{port}/")
        self.stdout.write(f"Logs are in {settings.CONFIG.var_dir / 'log'}. Ctrl-C ends everything.")
        self.stdout.flush()
