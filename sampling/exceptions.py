"""Refusals about sampling."""

from __future__ import annotations

from labelhub.exceptions import LabelhubError


class ContextTooLong(LabelhubError):
    code, status = "context_too_long", 409
    detail = "The conversation is longer than the policy can read."


class PolicyRetired(LabelhubError):
    code, status = "policy_retired", 409
    detail = "This policy was retired; choose one that serves."


class PolicyUnusable(LabelhubError):
    """The policy cannot be registered or read as it stands; the detail says why and what to do."""

    code, status = "policy_unusable", 409
    detail = "The policy's files cannot be used."


class PolicyNameTaken(LabelhubError):
    code, status = "policy_name_taken", 409
    detail = "A policy of this name is registered already."


class HostNotAllowed(LabelhubError):
    code, status = "host_not_allowed", 409
    detail = "Policies may not point at this host; an operator can add it to POLICY_HOSTS."


class FolderNotAllowed(LabelhubError):
    code, status = "folder_not_allowed", 409
    detail = "This folder is not open to policies; an operator can add it to POLICY_FOLDERS."


class KeyNotAllowed(LabelhubError):
    code, status = "key_not_allowed", 409
    detail = (
        "Policies may not take their key from this variable; an operator can add it to POLICY_KEYS."
    )


class PolicyUnchecked(LabelhubError):
    code, status = "policy_unchecked", 409
    detail = "Only a policy whose newest check passed can be activated; have it checked first."


class PolicyNotActive(LabelhubError):
    code, status = "policy_not_active", 409
    detail = "This policy was not activated yet; a manager can do so once its check has passed."


class PolicyInUse(LabelhubError):
    """Completions point at the policy: other files under its name would make them lie."""

    code, status = "policy_in_use", 409
    detail = "This policy has served; register other files as a policy of their own."


class PolicyLoop(LabelhubError):
    code, status = "policy_loop", 409
    detail = "The parent descends from this very policy; choose another one."


class UnusableParams(LabelhubError):
    """A sampling parameter is outside its bounds; the detail names field, bound and value."""

    code, status = "unusable_params", 400
    detail = "A sampling parameter is outside its bounds."
