"""Files in and out for admins: to look at, and to start an export from the list of projects."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from annotation.models import (
    Benchmark,
    Dataset,
    DatasetVersion,
    Export,
    Freezing,
    ImportRun,
    Recipe,
)
from annotation.services import erasure, exports, freezings
from annotation.services.file_options import FORMATS, FileOptions
from labelhub.accounts.admin import PersonAdmin
from labelhub.accounts.models import Project, User
from labelhub.exceptions import LabelhubError
from sampling.admin import ReadOnly


def start_exports(request: HttpRequest, projects: QuerySet[Project], kind: Dataset.Kind) -> None:
    """Start one for each project and say where it can be followed."""
    usual_format = next(iter(FORMATS[kind]))
    for project in projects:
        export = exports.start_export(
            project=project,
            options=FileOptions.checked(kind=kind.value, file_format=usual_format),
            requested_by=cast(User, request.user),
        )
        row = reverse("admin:annotation_export_change", args=[export.pk])
        started = format_html(
            '<a href="{}">Export {} of {}</a> has started.', row, export.pk, project
        )
        messages.success(request, started)


@admin.action(description="Export demonstrations")
def export_demonstrations(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[Project]
) -> None:
    start_exports(request, queryset, Dataset.Kind.SFT)


@admin.action(description="Export comparisons")
def export_comparisons(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Project]) -> None:
    start_exports(request, queryset, Dataset.Kind.COMPARISONS)


@admin.action(description="Export prompts")
def export_prompts(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Project]) -> None:
    start_exports(request, queryset, Dataset.Kind.PROMPTS)


EXPORT_ACTIONS = (export_demonstrations, export_comparisons, export_prompts)


@admin.register(Export)
class ExportAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "project", "kind", "format", "state", "n_written", "n_rows", "download")
    list_filter = ("state", "kind", "project")
    list_select_related = ("project",)
    ordering = ("-pk",)
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("download", *(field.name for field in Export._meta.fields))

    @admin.display(description="File")
    def download(self, export: Export) -> str | SafeString:
        if export.state != Export.State.DONE:
            return export.error_detail or "–"
        url = reverse("export-download", args=[export.pk])
        return format_html('<a href="{}">{}</a>', url, export.file_name)


@admin.register(Dataset)
class DatasetAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("project", "kind", "number", "n_rows", "excluded", "created_at")
    list_filter = ("kind", "project")
    list_select_related = ("project",)
    ordering = ("-pk",)
    show_full_result_count = False
    exclude = ("pseudonym_key",)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("project", "file_name", "format", "n_added", "n_duplicates", "rejects")
    list_filter = ("project",)
    list_select_related = ("project",)
    ordering = ("-pk",)
    show_full_result_count = False


@admin.action(
    description="Erase these people and everything they wrote, for good", permissions=["delete"]
)
def erase_people(modeladmin: Any, request: HttpRequest, queryset: QuerySet[User]) -> None:
    for user in queryset:
        name = user.username
        try:
            erased = erasure.erase(user=user, actor=cast(User, request.user))
        except LabelhubError as refusal:
            messages.error(request, f"{name}: {refusal.detail}")
            continue
        messages.success(
            request,
            f"{name}: {erased.n_texts:,} texts erased, {erased.n_versions:,} versions withdrawn,"
            f" {len(erased.freezings):,} being frozen anew.",
        )


class PersonWithErasure(PersonAdmin):
    """Erasing takes out what people wrote, which accounts know nothing of."""

    actions = (erase_people,)


admin.site.unregister(User)
admin.site.register(User, PersonWithErasure)


@admin.register(Recipe)
class RecipeAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("project", "name", "kind", "changed_by", "changed_at")
    list_filter = ("kind", "project")
    list_select_related = ("project", "changed_by")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("freeze",)

    @admin.action(description="Freeze a version")
    def freeze(self, request: HttpRequest, queryset: QuerySet[Recipe]) -> None:
        for recipe in queryset:
            try:
                freezing = freezings.start(
                    recipe=recipe, is_trial=False, requested_by=cast(User, request.user)
                )
            except LabelhubError as refusal:
                messages.error(request, f"{recipe}: {refusal.detail}")
                continue
            row = reverse("admin:annotation_freezing_change", args=[freezing.pk])
            started = format_html('<a href="{}">Freezing {}</a> has started.', row, recipe)
            messages.success(request, started)


@admin.register(Freezing)
class FreezingAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "recipe", "is_trial", "state", "stage", "n_through", "n_rows")
    list_filter = ("state", "is_trial", "project")
    list_select_related = ("recipe",)
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "recipe",
        "number",
        "sha256",
        "n_bytes",
        "created_at",
        "withdrawn_at",
        "download",
    )
    list_filter = ("project",)
    list_select_related = ("recipe",)
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(description="Archive")
    def download(self, version: DatasetVersion) -> str | SafeString:
        if version.withdrawn_at is not None:
            return version.withdrawn_because
        url = reverse("version-download", args=[version.pk])
        return format_html('<a href="{}">{}</a>', url, version)


@admin.register(Benchmark)
class BenchmarkAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("project", "name", "n_texts", "n_too_short", "n_runs", "added_at")
    list_filter = ("project",)
    list_select_related = ("project",)
    ordering = ("-pk",)
    show_full_result_count = False
    exclude = ("runs",)
