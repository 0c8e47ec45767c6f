"""Who a session belongs to, at two prepared statements a request."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from labelhub import clock, prepared
from labelhub.accounts.models import User


class SessionStore(db.SessionStore):
    """Sessions in the database: they outlive Redis, and ending one is one row less."""

    def _validate_session_key(self, key: str) -> bool:
        """Whether it can be one; a cookie may hold any text, also such as no database takes."""
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()

    def _get_session_from_db(self) -> Session | None:
        session = prepared.by_key(Session, self.session_key)
        if session is None or session.expire_date <= clock.now():
            self._session_key = None
            return None
        return session


class AccountBackend(ModelBackend):
    """Users by name and password, and by the id that a session holds."""

    def get_user(self, user_id: int) -> User | None:
        user = prepared.by_key(User, user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
