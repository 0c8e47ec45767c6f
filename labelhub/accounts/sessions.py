"""Who a session belongs to, at two prepared statements a request."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from labelhub import clock, prepared
from labelhub.accounts.models import User


class SessionStore(db.SessionStore):
    """Sessions in the database: they outlive Redis, and ending one is one row less."""

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key or ""
        # A cookie may hold any text, also such as no database takes.
        possible = key.isascii() and key.isalnum()
        session = prepared.by_key(Session, key) if possible else None
        if session is None or session.expire_date <= clock.now():
            self._session_key = None
            return None
        return session


class AccountBackend(ModelBackend):
    """Users by name and password, and by the id that a session holds."""

    def get_user(self, user_id: int) -> User | None:
        user = prepared.by_key(User, user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
