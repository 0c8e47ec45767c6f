"""Invariants as database constraints: `Model` enforces choices by itself, `holds` states the rest."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import CheckConstraint, Q
from django.db.models.base import ModelBase


class _ChoicesEnforced(ModelBase):
    """Adds a CheckConstraint for every field with choices: Django's own are not enforced by the database."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any
    ) -> Any:
        known = [
            holds(f"{field_name}_known", Q(**{f"{field_name}__in": _values(field)}))
            for field_name, field in attrs.items()
            if isinstance(field, models.Field) and field.choices
        ]
        if known:
            meta = attrs.setdefault("Meta", type("Meta", (), {}))
            meta.constraints = [*known, *getattr(meta, "constraints", [])]
        return super().__new__(cls, name, bases, attrs, **kwargs)


def _values(field: Any) -> list[Any]:
    values = [value for value, _ in field.flatchoices if value is not None]
    return [*values, ""] if field.blank and isinstance(field, models.CharField) else values


class Model(models.Model, metaclass=_ChoicesEnforced):
    """The base of labelhub's models: a value outside a field's choices cannot be stored."""

    class Meta:
        abstract = True


def holds(fact: str, condition: Q) -> CheckConstraint:
    """A named invariant; `fact` is also the error code that `full_clean` reports."""
    return CheckConstraint(
        condition=condition,
        name=f"%(app_label)s_%(class)s_{fact}",
        violation_error_code=fact,
    )


def known_elements(field: str, choices: Iterable[str]) -> CheckConstraint:
    """Every element of the array `field` is one of `choices`."""
    return holds(f"{field}_known", Q(**{f"{field}__contained_by": list(choices)}))
