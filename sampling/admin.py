"""Policies for admins to register and change; generations and workers to look at."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from labelhub.accounts.models import User
from labelhub.exceptions import LabelhubError
from sampling import registry
from sampling.models import Completion, Fault, Generation, Policy, PolicyCheck, Runner


class ReadOnly:
    """Rows are made and changed by services only, which check and audit."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the registry would refuse is told beside the field."""

    class Meta:
        model = Policy
        fields = registry.EDITABLE

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("source", "tokenizer_source"):
            try:
                # Whoever may change rows here is an admin, who may name any folder.
                registry.check_source(cleaned.get(name, ""), actor=None)
            except LabelhubError as refusal:
                self.add_error(name, refusal.detail)
        return cleaned


class PolicyCheckInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = PolicyCheck
    fields = ("state", "findings", "requested_by", "created_at", "finished_at")
    ordering = ("-id",)
    extra = 0


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Registered, changed, checked, activated and retired through the registry, which audits."""

    form = PolicyForm
    list_display = (
        *("name", "source", "revision", "context_window_tokens", "activated_at", "retired_at"),
    )
    search_fields = ("name", "source")
    actions = ("check_again", "activate", "retire")
    inlines = (PolicyCheckInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return cast(User, request.user).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return cast(User, request.user).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A policy that served keeps its files."""
        return registry.IDENTITY if obj is not None and obj.activated_at is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 — Django's signature
        actor = cast(User, request.user)
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            try:
                registry.edit_policy(policy=obj, changes=changes, actor=actor)
            except LabelhubError as refusal:
                self.message_user(request, refusal.detail, messages.ERROR)
        else:
            obj.pk = registry.register_policy(actor=actor, **form.cleaned_data).policy_id

    @admin.action(description="Check the selected policies", permissions=["change"])
    def check_again(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        for policy in queryset:
            registry.request_check(policy=policy, actor=cast(User, request.user))
        self.message_user(request, "A GPU worker looks at them; see below each.", messages.SUCCESS)

    @admin.action(description="Activate the selected policies", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        for policy in queryset:
            try:
                registry.activate_policy(policy=policy, actor=cast(User, request.user))
            except LabelhubError as refusal:
                self.message_user(request, f"{policy}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{policy} takes requests.", messages.SUCCESS)

    @admin.action(description="Retire the selected policies", permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        for policy in queryset:
            registry.retire_policy(policy=policy, actor=cast(User, request.user))
        self.message_user(request, "The policies take no further requests.", messages.SUCCESS)


class CompletionInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Completion
    fields = ("index", "finish_reason", "n_prompt_tokens", "n_tokens", "mean_logprob", "text")
    extra = 0


class FaultInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Fault
    fields = ("attempt", "index", "code", "detail", "final", "at")
    extra = 0


@admin.register(Generation)
class GenerationAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "policy", "purpose", "state", "attempt", "error_code", "created_at")
    list_filter = ("state", "purpose", "policy")
    list_select_related = ("policy",)
    # Counting ten million rows to show a page number is not worth the wait.
    show_full_result_count = False
    inlines = (CompletionInline, FaultInline)


@admin.register(Runner)
class RunnerAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "host", "device", "started_at", "seen_at")
