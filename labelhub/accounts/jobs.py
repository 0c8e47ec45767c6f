"""What nobody waits for."""

from __future__ import annotations

from celery import shared_task

from labelhub.accounts.sessions import SessionStore


@shared_task(name="accounts.forget_sessions", expires=3600)
def forget_sessions() -> None:
    """Delete sessions that have run out, which else stay for good."""
    SessionStore.clear_expired()
