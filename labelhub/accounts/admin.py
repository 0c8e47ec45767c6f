"""People and what they agreed to, for admins. Projects and memberships are in annotation.admin."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from labelhub.accounts.models import AuditEvent, ConsentDocument, User
from labelhub.accounts.services import record


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "display_name", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    search_fields = ("username", "display_name", "email")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("display_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 — Django's signature
        """Who may do what, staff and admins above all, is on record."""
        super().save_model(request, obj, form, change)
        record(
            actor=cast(User, request.user),
            verb="account changed" if change else "account made",
            subject=obj,
            fields=form.changed_data,
        )


@admin.register(ConsentDocument)
class ConsentDocumentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A version is added, never changed: people agreed to its words."""

    list_display = ("version", "title", "published_at")
    fields = ("version", "title", "markdown", "purposes")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "actor", "verb", "object_type", "object_id", "project")
    list_filter = ("project",)
    list_select_related = ("actor", "project")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
