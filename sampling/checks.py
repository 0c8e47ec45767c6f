"""Loading a policy dry on a GPU worker: what its files hold, and whether it writes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict

from django.db import transaction

from labelhub import clock
from labelhub.accounts.services import record
from sampling import inspection, policies, registry
from sampling.engine import protocol
from sampling.engines import Engines
from sampling.inspection import Finding, Verdict, in_units
from sampling.models import Policy, PolicyCheck
from sampling.settling import let_go_of_connection, persist, storable
from sampling.tokens import TokensError

logger = logging.getLogger(__name__)

REPLY_TOKENS = 16
REPLY_SECONDS = 120.0
State = PolicyCheck.State


def run(check: PolicyCheck, engines: Engines) -> None:
    """Look at all of it and write down what was found; the first thing that is bad ends it."""
    policy = check.policy
    findings: list[Finding] = []
    try:
        for finding in _look(policy, engines):
            findings.append(finding)
            if finding.verdict is Verdict.BAD:
                break
    except (protocol.EngineError, TokensError) as error:
        findings.append(Finding(error.code, Verdict.BAD, f"{error}."))
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        findings.append(Finding("internal", Verdict.BAD, detail))
        logger.exception("the check of %s broke off", policy.name)
    let_go_of_connection()
    persist(lambda: _settle(check, policy, findings))


def _look(policy: Policy, engines: Engines) -> Iterator[Finding]:
    """Find things out, cheap ones first; fills in what the policy's row is to know of its files."""
    registry.check_source(policy.source, actor=None)
    if not policies.is_server(policy.source):
        folder = policies.fetch(policy.source, policy.revision, weights=True)
        policy.revision = policies.pinned_revision(policy.source, policy.revision, folder)
        yield from inspection.inspect_weights(folder)
    chat = policies.chat_tokenizer(policy)
    if chat is not None:
        words_folder = policies.text_folder(
            policy.tokenizer_source or policy.source, policy.revision
        )
        yield from inspection.inspect_words(chat, words_folder)
        policy.tokenizer_sha256 = chat.tokenizer_sha256
        policy.chat_template_sha256 = chat.template_sha256
    window = policy.context_window_tokens or (chat.context_tokens if chat else None)
    if window is None:
        yield Finding("window", Verdict.BAD, "It states no context window; give one yourself.")
        return
    if chat and chat.context_tokens and window > chat.context_tokens:
        yield Finding(
            "window",
            Verdict.BAD,
            f"A window of {window:,} tokens is given; it was made for {chat.context_tokens:,}.",
        )
        return
    policy.context_window_tokens = window
    yield Finding("window", Verdict.GOOD, f"{window:,} tokens.")
    yield from _load(policy, engines)


def _load(policy: Policy, engines: Engines) -> Iterator[Finding]:
    began = time.monotonic()
    with engines.engine_for(policy) as engine:
        found, health = engine.provenance, engine.health()
        policy.weights_sha256 = found.weights_sha256 or ""
        where = " ".join(filter(None, (found.device or found.engine, found.dtype)))
        detail = f"Loaded in {time.monotonic() - began:.1f} s: {where}"
        if health.memory_bytes is not None:
            detail += f", holds {in_units(health.memory_bytes)}B"
        if health.memory_budget_bytes is not None:
            detail += f" of {in_units(health.memory_budget_bytes)}B"
        yield Finding("load", Verdict.GOOD, f"{detail}.")
        if found.engine == "openai":
            yield from inspection.inspect_server(found)
        yield _reply(policy, engine)


def _reply(policy: Policy, engine: protocol.Engine) -> Finding:
    """One short reply to a greeting, the likeliest one."""
    chat = policies.chat_tokenizer(policy)
    messages = [inspection.QUESTION]
    handle = engine.submit(
        protocol.GenerationRequest(
            request_id=f"check-{policy.pk}",
            params=protocol.SamplingParams(temperature=0.0, max_tokens=REPLY_TOKENS),
            seeds=(0,),
            priority=protocol.Priority.BATCH,
            prompt_token_ids=tuple(chat.encode(messages)) if chat else (),
            messages=tuple(protocol.Message(**turn) for turn in messages),
            deadline_seconds=REPLY_SECONDS,
        )
    )
    (result,) = [event.result for event in handle if event.result is not None]
    if result.failure is not None:
        return Finding("reply", Verdict.BAD, f"It wrote nothing: {result.failure.detail}")
    text = storable(result.text.strip())
    if not text:
        return Finding("reply", Verdict.REMARK, "Asked to say hello, it ended its turn at once.")
    return Finding("reply", Verdict.GOOD, f"Asked to say hello, it wrote: {text}")


@transaction.atomic(durable=True)
def _settle(check: PolicyCheck, found: Policy, findings: list[Finding]) -> None:
    """Write what was found, unless the check was taken over or asked for anew meanwhile."""
    policy = Policy.objects.select_for_update().get(pk=check.policy_id)
    ours = (
        PolicyCheck.objects.select_for_update()
        .filter(pk=check.pk, state=State.RUNNING, lease_owner=check.lease_owner)
        .filter(attempt=check.attempt)
        .first()
    )
    if ours is None:
        logger.warning("the check of %s was taken over; what was found is dropped", policy.name)
        return
    changed = _changed(policy, found)
    if changed:
        findings.append(changed)
    good = all(finding.verdict is not Verdict.BAD for finding in findings)
    if good:
        for name in registry.LEARNT:
            setattr(policy, name, getattr(found, name))
        policy.save(update_fields=registry.LEARNT)
    end_check(ours, findings, passed=good)


def _changed(policy: Policy, found: Policy) -> Finding | None:
    """Files of a policy that served must stay those that served."""
    for name in registry.LEARNT:
        before, after = getattr(policy, name), getattr(found, name)
        if policy.activated_at is not None and before and after and before != after:
            return Finding(
                "policy_changed",
                Verdict.BAD,
                "The files are no longer those that served under this name; register them as a "
                "policy of their own.",
            )
    return None


def end_check(check: PolicyCheck, findings: list[Finding], *, passed: bool) -> None:
    """Write how it ended; the row is locked."""
    check.findings = [asdict(finding) for finding in findings]
    check.state = State.PASSED if passed else State.FAILED
    check.finished_at = clock.now()
    check.lease_owner = check.lease_until = None
    check.save(update_fields=["findings", "state", "finished_at", "lease_owner", "lease_until"])
    record(
        actor=check.requested_by,
        verb="policy_checked",
        subject=check.policy,
        name=check.policy.name,
        passed=passed,
    )
