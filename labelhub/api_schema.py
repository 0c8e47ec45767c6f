"""The OpenAPI schema, made once a process."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.generators import SchemaGenerator


class OnceMadeGenerator(SchemaGenerator):  # type: ignore[misc]
    """Making it takes seconds and needs no sign-in, so that strangers could keep every thread busy."""

    made: ClassVar[dict[str, Any] | None] = None

    def get_schema(self, *_asked_by: Any, **_options: Any) -> dict[str, Any]:
        """The same for everybody: no route is kept from those who may not call it."""
        if OnceMadeGenerator.made is None:
            OnceMadeGenerator.made = super().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        return OnceMadeGenerator.made
