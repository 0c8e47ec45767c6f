"""Frozen versions: read, fetched, compared, withdrawn."""

from __future__ import annotations

import orjson
from django.http import HttpResponse, HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.exceptions import AlreadyWithdrawn
from annotation.selectors import versions as selectors
from annotation.serializers.recipes import (
    DatasetVersionDetailOutput,
    DatasetVersionOutput,
    DiffInput,
    DiffOutput,
    WithdrawInput,
)
from annotation.services import versions
from annotation.views.datasets import stored_file_url
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse

MANAGER = [Membership.Role.MANAGER]


class VersionsView(APIView):
    pagination_class = NewestFirst
    export_scope = True

    @extend_schema(responses=DatasetVersionOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The project's frozen versions, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        pages = NewestFirst()
        rows = pages.paginate_queryset(
            selectors.versions_of(membership=membership), request, view=self
        )
        return pages.get_paginated_response(DatasetVersionOutput(rows, many=True).data)


class VersionView(APIView):
    @extend_schema(responses={200: DatasetVersionDetailOutput, 404: ErrorOutput})
    def get(self, request: Request, version_id: int) -> Response:
        """One version with its manifest, card and plots."""
        version = selectors.version_for(user=request.user, version_id=version_id)
        return Response(DatasetVersionDetailOutput(version).data)


class VersionManifestView(APIView):
    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT, 404: ErrorOutput})
    def get(self, request: Request, version_id: int) -> HttpResponse:
        """The manifest as a file; it stays to be had when the version is withdrawn."""
        version = selectors.version_for(user=request.user, version_id=version_id)
        name = f"{version.recipe.name}-v{version.number}.manifest.json"
        return HttpResponse(
            orjson.dumps(version.manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class VersionDownloadView(APIView):
    @extend_schema(
        responses={
            302: OpenApiResponse(description="To the archive, by a link that soon expires."),
            404: ErrorOutput,
            409: ErrorOutput,
        }
    )
    def get(self, request: Request, version_id: int) -> HttpResponseRedirect:
        """Where the archive of files, manifest and card is to be had for the next minutes."""
        version = selectors.version_for(user=request.user, version_id=version_id)
        if version.withdrawn_at is not None:
            raise AlreadyWithdrawn
        return HttpResponseRedirect(
            stored_file_url(
                name=version.archive,
                sha256=version.sha256,
                file_name=f"{version.recipe.name}-v{version.number}.zip",
            )
        )


class VersionWithdrawView(APIView):
    @extend_schema(
        request=WithdrawInput,
        responses={200: DatasetVersionDetailOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, version_id: int) -> Response:
        """Take a version out of use for good; its manifest and card stay on record."""
        version = selectors.version_for(user=request.user, version_id=version_id)
        body = parse(WithdrawInput, request)
        assert isinstance(request.user, User)
        versions.withdraw(version=version, because=body["because"], actor=request.user)
        version = selectors.version_for(user=request.user, version_id=version_id)
        return Response(DatasetVersionDetailOutput(version).data)


class VersionDiffView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("against", int, required=True)],
        responses={200: DiffOutput, 400: ErrorOutput, 404: ErrorOutput},
    )
    def get(self, request: Request, version_id: int) -> Response:
        """What was added, changed and gone since an earlier version."""
        version = selectors.version_for(user=request.user, version_id=version_id)
        query = DiffInput(data=request.query_params)
        query.is_valid(raise_exception=True)
        before = selectors.version_for(
            user=request.user, version_id=query.validated_data["against"]
        )
        return Response(DiffOutput(selectors.diff(before=before, after=version)).data)
