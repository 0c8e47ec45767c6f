"""Refusals about people."""

from labelhub.exceptions import LabelhubError


class WrongCredentials(LabelhubError):
    code, status = "wrong_credentials", 400
    detail = "The name or the password is wrong."


class ConsentOutdated(LabelhubError):
    code, status = "consent_outdated", 409
    detail = "A newer version of this document was published; read that one."


class ConsentNeeded(LabelhubError):
    code, status = "consent_needed", 403
    detail = "Read and accept the current consent document before you start working."
