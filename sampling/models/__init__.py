"""What a policy was asked and what it said. One module a noun."""

from sampling.models.completions import Completion, Provenance, Trace
from sampling.models.generations import Context, Fault, Generation, WithParams
from sampling.models.policies import POLICY_SERVES, SERVES, Policy, PolicyCheck
from sampling.models.workers import Gate, Runner

__all__ = [
    "POLICY_SERVES",
    "SERVES",
    "Completion",
    "Context",
    "Fault",
    "Gate",
    "Generation",
    "Policy",
    "PolicyCheck",
    "Provenance",
    "Runner",
    "Trace",
    "WithParams",
]
