"""The base of every refusal. Each app lists its own in its `exceptions.py`."""


class LabelhubError(Exception):
    """A refusal a person can act on: `code` for programs, the message for people, `status` for HTTP."""

    code = "error"
    status = 400
    detail = "The request could not be carried out."

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: dict[str, list[str]] | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        self.detail = detail or type(self).detail
        self.fields = fields
        # Further members of the error body, such as the row that a stale version lost against.
        self.extra = extra or {}
        super().__init__(self.detail)


class InvalidInput(LabelhubError):
    code, status = "invalid", 400
    detail = "Some values cannot be accepted; see fields."


class MalformedBody(LabelhubError):
    code, status = "malformed", 400
    detail = "The body is not a JSON object labelhub can read."


class BodyTooLarge(LabelhubError):
    code, status = "too_large", 413
    detail = "The body is larger than this server accepts."


class NotFound(LabelhubError):
    """Absent and not yours: the same answer."""

    code, status = "not_found", 404
    detail = "There is nothing here, or it is not yours to see."


class NotAllowed(LabelhubError):
    code, status = "not_allowed", 403
    detail = "Your role does not allow this."


class NotSignedIn(LabelhubError):
    code, status = "not_signed_in", 401
    detail = "Sign in first."


class Throttled(LabelhubError):
    code, status = "throttled", 429
    detail = "Too many attempts; wait a minute and try again."


class MethodNotAllowed(LabelhubError):
    code, status = "method_not_allowed", 405
    detail = "This address takes no such method; its Allow header names those it takes."


class NotAcceptable(LabelhubError):
    code, status = "not_acceptable", 406
    detail = "Answers are JSON; accept application/json."


class UnsupportedMediaType(LabelhubError):
    code, status = "unsupported_media_type", 415
    detail = "This address takes no body of that type; /api/docs/ says which it takes."
