"""Policies and generations for admins: to look at, and to retire a policy."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from labelhub.accounts.models import User
from sampling import registry
from sampling.models import Completion, Generation, Policy, Runner


class ReadOnly:
    """Rows are made and changed by services only, which check and audit."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Policy)
class PolicyAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "source", "revision", "context_window_tokens", "retired_at")
    search_fields = ("name", "source")
    actions = ("retire",)

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return cast(User, request.user).is_superuser

    @admin.action(description="Retire the selected policies", permissions=["retire"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        for policy in queryset:
            registry.retire_policy(policy=policy, actor=cast(User, request.user))
        self.message_user(request, "The policies take no further requests.", messages.SUCCESS)


class CompletionInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Completion
    fields = ("index", "finish_reason", "n_prompt_tokens", "n_tokens", "mean_logprob", "text")
    extra = 0


@admin.register(Generation)
class GenerationAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "policy", "purpose", "state", "attempt", "error_code", "created_at")
    list_filter = ("state", "purpose", "policy")
    list_select_related = ("policy",)
    # Counting ten million rows to show a page number is not worth the wait.
    show_full_result_count = False
    inlines = (CompletionInline,)


@admin.register(Runner)
class RunnerAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "host", "device", "started_at", "seen_at")
