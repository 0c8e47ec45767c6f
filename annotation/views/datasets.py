"""Exports: asking for a file, following it, fetching it."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.core.files.storage import FileSystemStorage, default_storage
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.exceptions import ExportNotReady
from annotation.models import Export
from annotation.selectors import datasets as selectors
from annotation.serializers.datasets import (
    ExportFormatsOutput,
    ExportInput,
    ExportOutput,
    ExportPreviewOutput,
)
from annotation.services import dataset_files, exports
from annotation.services.file_options import FORMATS, FileOptions
from annotation.views.files import DOWNLOAD_SALT
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse

MANAGER = [Membership.Role.MANAGER]
N_PREVIEW_LINES = 3


class ExportsView(APIView):
    pagination_class = NewestFirst
    export_scope = True

    @extend_schema(responses=ExportOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The project's exports, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        pages = NewestFirst()
        rows = pages.paginate_queryset(
            selectors.exports_of(membership=membership), request, view=self
        )
        return pages.get_paginated_response(ExportOutput(rows, many=True).data)

    @extend_schema(request=ExportInput, responses={201: ExportOutput, 400: ErrorOutput})
    def post(self, request: Request, slug: str) -> Response:
        """Ask for a file of what may leave; a worker freezes the rows and writes it."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        options = _options(request)
        assert isinstance(request.user, User)
        export = exports.start_export(
            project=membership.project, options=options, requested_by=request.user
        )
        return Response(ExportOutput(export).data, status=201)


class ExportPreviewView(APIView):
    export_scope = True

    @extend_schema(
        request=ExportInput,
        responses={200: ExportPreviewOutput, 400: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, slug: str) -> Response:
        """What such an export would hold now: counts and the first lines; nothing is kept."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        preview = dataset_files.preview(
            project=membership.project, options=_options(request), n_lines=N_PREVIEW_LINES
        )
        return Response(ExportPreviewOutput(preview).data)


class ExportView(APIView):
    @extend_schema(responses={200: ExportOutput, 404: ErrorOutput})
    def get(self, request: Request, export_id: int) -> Response:
        """One export, and how far it has come."""
        export = selectors.export_for(user=request.user, export_id=export_id)
        return Response(ExportOutput(export).data)


class ExportCancelView(APIView):
    export_scope = True

    @extend_schema(request=None, responses={204: None, 404: ErrorOutput})
    def post(self, request: Request, export_id: int) -> Response:
        """Stop an export; one that has ended stays as it is."""
        exports.cancel_export(export=selectors.export_for(user=request.user, export_id=export_id))
        return Response(status=204)


class ExportDownloadView(APIView):
    @extend_schema(
        responses={
            302: OpenApiResponse(description="To the file, by a link that soon expires."),
            404: ErrorOutput,
            409: ErrorOutput,
        }
    )
    def get(self, request: Request, export_id: int) -> HttpResponseRedirect:
        """Where the file is to be had for the next minutes."""
        export = selectors.export_for(user=request.user, export_id=export_id)
        if export.state != Export.State.DONE:
            raise ExportNotReady
        return HttpResponseRedirect(download_url(export))


class ExportFormatsView(APIView):
    @extend_schema(responses=ExportFormatsOutput)
    def get(self, request: Request, slug: str) -> Response:
        """The formats that each kind of export can be written in; the first is the usual one."""
        membership_for(user=request.user, slug=slug, roles=MANAGER)
        formats = {kind: list(names) for kind, names in FORMATS.items()}
        return Response(ExportFormatsOutput(formats).data)


def _options(request: Request) -> FileOptions:
    body = parse(ExportInput, request)
    return FileOptions.checked(file_format=body.pop("format"), **body)


def download_url(export: Export) -> str:
    """A link to a finished export's file that needs no session and expires by itself."""
    return stored_file_url(
        name=exports.storage_name(export), sha256=export.sha256, file_name=export.file_name
    )


def stored_file_url(*, name: str, sha256: str, file_name: str) -> str:
    """A link to a file of the storage that needs no session and expires by itself."""
    if not isinstance(default_storage, FileSystemStorage):
        disposition = content_disposition_header(True, file_name)
        # Buckets of django-storages take parameters, which Django's own class does not know.
        bucket: Any = default_storage
        return str(bucket.url(name, parameters={"ResponseContentDisposition": disposition}))
    link = signing.dumps({"name": name, "sha256": sha256}, salt=DOWNLOAD_SALT)
    return reverse("file", args=[link, file_name])
