"""Setting up projects and looking at what was collected, for admins.

What a service makes, the admin makes through that service; labels can only be looked at.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.forms import JSONField, ModelForm
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.utils.functional import cached_property

from annotation.admin_datasets import EXPORT_ACTIONS
from annotation.models import (
    Batch,
    Candidate,
    Comparison,
    Conversation,
    Guideline,
    Message,
    PickRun,
    Placement,
    Prompt,
    Ranking,
    RatingSchema,
    Round,
    RoundPolicy,
)
from annotation.services import members
from annotation.services.guidelines import publish_guideline
from annotation.services.projects import create_project
from annotation.services.rating_schemas import publish_rating_schema
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Membership, Project, User
from labelhub.api import parse_json
from labelhub.exceptions import MalformedBody
from sampling.admin import ReadOnly

ROWS_BOUND = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Shows the newest ten thousand rows: counting ten million for a page number is not worth the wait."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[:ROWS_BOUND].count())  # type: ignore[attr-defined]


class Audited:
    """Every change leaves an audit event with the names of the fields that changed."""

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001 — Django's signature
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        accounts.record(
            actor=cast(User, request.user),
            verb="changed" if change else "added",
            subject=obj,
            project=obj if isinstance(obj, Project) else obj.project,
            fields=form.changed_data,
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Collected(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that people or machines made: to look at, newest first."""

    ordering = ("-pk",)
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50


class Part(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    extra = 0


@admin.register(Project)
class ProjectAdmin(Audited, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "slug", "draft_mode", "n_candidates", "paused_at", "archived_at")
    actions = EXPORT_ACTIONS

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fields(request, obj) if obj else ("slug", "name", "description")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            super().save_model(request, obj, form, change)
            return
        made = create_project(
            slug=obj.slug,
            name=obj.name,
            description=obj.description,
            actor=cast(User, request.user),
        )
        obj.pk = made.pk


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "project", "role", "languages", "deactivated_at")
    list_filter = ("project", "role")
    list_select_related = ("user", "project")
    autocomplete_fields = ("user",)
    actions = ("take_off", "take_back")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ("project", "user", "role", "languages", "skills", "sensitivity_opt_ins")
        return (*fields, "excluded_from", "deactivated_at") if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("project", "user", "deactivated_at") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever was taken off a project is taken back first."""
        is_off = obj is not None and obj.deactivated_at is not None
        return super().has_change_permission(request, obj) and not is_off

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        member = accounts.add_member(
            project=obj.project,
            user=obj.user,
            role=obj.role,
            languages=obj.languages,
            skills=obj.skills,
            sensitivity_opt_ins=obj.sensitivity_opt_ins,
            actor=cast(User, request.user),
        )
        obj.pk = member.pk
        if "excluded_from" in form.changed_data:
            members.exclude(
                membership=member, since=obj.excluded_from, actor=cast(User, request.user)
            )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Take the selected people off their project", permissions=["change"])
    def take_off(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for member in queryset:
            members.deactivate(membership=member, actor=cast(User, request.user))
        self.message_user(request, "What they held is back in the queue; their labels stay.")

    @admin.action(description="Take the selected people back", permissions=["change"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for member in queryset.select_related("project", "user"):
            accounts.add_member(
                project=member.project,
                user=member.user,
                role=member.role,
                languages=member.languages,
                skills=member.skills,
                sensitivity_opt_ins=member.sensitivity_opt_ins,
                actor=cast(User, request.user),
            )
        self.message_user(request, "They find their project where it was.")


class RoundPolicyInline(admin.TabularInline):  # type: ignore[type-arg]
    model = RoundPolicy
    exclude = ("project",)
    extra = 0


@admin.register(Round)
class RoundAdmin(Audited, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("project", "number", "started_at", "closed_at")
    list_filter = ("project",)
    list_select_related = ("project",)
    inlines = (RoundPolicyInline,)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        """Which policies serve a round is a change of policy: each one leaves an audit event."""
        for row in formset.save(commit=False):
            row.project = row.round.project
            row.save()
            self._record(request, row, "policy serves")
        for row in formset.deleted_objects:
            self._record(request, row, "policy no longer serves")
            row.delete()

    def _record(self, request: HttpRequest, row: RoundPolicy, verb: str) -> None:
        accounts.record(
            actor=cast(User, request.user),
            verb=verb,
            subject=row,
            project=row.round.project,
            policy=row.policy.name,
            use=row.use,
            weight=row.weight,
        )


@admin.register(Batch)
class BatchAdmin(Audited, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "project", "kind", "target", "priority", "deadline", "paused_at")
    list_filter = ("project", "kind")
    list_select_related = ("project",)


class Published(admin.ModelAdmin):  # type: ignore[type-arg]
    """A version is published, never changed: labels point at the words their authors worked by."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Guideline)
class GuidelineAdmin(Published):
    list_display = ("project", "kind", "purpose", "version", "breaking", "published_at")
    list_filter = ("project", "kind")
    list_select_related = ("project",)
    fields = ("project", "kind", "purpose", "markdown", "breaking")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        published = publish_guideline(
            project=obj.project,
            kind=obj.kind,
            purpose=obj.purpose,
            markdown=obj.markdown,
            breaking=obj.breaking,
            actor=cast(User, request.user),
        )
        obj.pk = published.pk


class StrictJSONField(JSONField):
    """JSON within the bounds of the API's."""

    def to_python(self, value: Any) -> Any:
        if refusal := self._refusal(value):
            raise ValidationError(refusal)
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What the form shows again; what is refused stays as it was typed."""
        return InvalidJSONInput(data) if self._refusal(data) else super().bound_data(data, initial)

    @staticmethod
    def _refusal(value: Any) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return None
        try:
            parse_json(value.encode())
        except MalformedBody as refusal:
            return refusal.detail
        return None


@admin.register(RatingSchema)
class RatingSchemaAdmin(Published):
    formfield_overrides = {models.JSONField: {"form_class": StrictJSONField}}
    list_display = ("project", "version", "flow", "strength", "rating_required", "created_at")
    list_select_related = ("project",)
    fields = (
        *("project", "scale_min", "scale_max", "rating_required", "rating_help"),
        *("flow", "strength", "flags"),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        published = publish_rating_schema(actor=cast(User, request.user), **form.cleaned_data)
        obj.pk = published.pk


@admin.register(Prompt)
class PromptAdmin(Collected):
    list_display = ("id", "project", "kind", "category", "language", "source", "text")
    list_filter = ("project", "kind")
    list_select_related = ("project",)


class MessageInline(Part):
    model = Message
    fields = ("position", "sibling", "is_live", "role", "origin", "content")
    ordering = ("position", "sibling")


@admin.register(Conversation)
class ConversationAdmin(Collected):
    list_display = ("id", "project", "kind", "state", "category", "language", "created_at")
    list_filter = ("project", "kind", "state")
    list_select_related = ("project",)
    inlines = (MessageInline,)


@admin.register(PickRun)
class PickRunAdmin(Collected):
    list_display = ("id", "project", "round", "rule", "seed", "as_of", "population", "n_wanted")
    list_select_related = ("project", "round__project")


class CandidateInline(Part):
    model = Candidate
    fields = ("index", "origin", "cut_by_length", "near_identical", "content")
    ordering = ("index",)


@admin.register(Comparison)
class ComparisonAdmin(Collected):
    list_display = ("id", "project", "state", "criterion", "error_code", "created_at", "ready_at")
    list_filter = ("project", "state")
    list_select_related = ("project",)
    inlines = (CandidateInline,)


class PlacementInline(Part):
    model = Placement
    fields = ("tier", "candidate", "rating", "flags", "open_milliseconds")
    ordering = ("tier",)


@admin.register(Ranking)
class RankingAdmin(Collected):
    list_display = ("id", "project", "comparison_id", "rater_id", "reason", "purpose", "created_at")
    list_filter = ("project", "reason", "purpose")
    list_select_related = ("project",)
    inlines = (PlacementInline,)
