"""Files in: sent in parts, followed, and their rejected rows fetched to be mended."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.http import HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.exceptions import NoRejects
from annotation.models import Upload
from annotation.selectors import uploads as selectors
from annotation.serializers.uploads import (
    RejectedRowOutput,
    RejectsQuery,
    UploadInput,
    UploadOutput,
)
from annotation.services import uploads
from annotation.views.datasets import MANAGER, stored_file_url
from labelhub.accounts.models import User
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, OldestFirst, parse


class UploadsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(responses=UploadOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The files sent to the project, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        pages = NewestFirst()
        rows = pages.paginate_queryset(
            selectors.uploads_of(membership=membership), request, view=self
        )
        return pages.get_paginated_response(
            UploadOutput(selectors.with_parts(rows or []), many=True).data
        )

    @extend_schema(
        request=UploadInput,
        responses={201: UploadOutput, 400: ErrorOutput, 409: ErrorOutput, 413: ErrorOutput},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Announce a file; its parts follow, and the last of them starts the import."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        body = parse(UploadInput, request)
        assert isinstance(request.user, User)
        upload = uploads.begin(
            project=membership.project,
            file_format=body.pop("format"),
            requested_by=request.user,
            **body,
        )
        return Response(_shown(upload), status=201)


def _shown(upload: Upload) -> Any:
    (upload,) = selectors.with_parts([upload])
    return UploadOutput(upload).data


class UploadView(APIView):
    @extend_schema(responses={200: UploadOutput, 404: ErrorOutput})
    def get(self, request: Request, upload_id: int) -> Response:
        """One upload, and how far its import has come."""
        return Response(_shown(selectors.upload_for(user=request.user, upload_id=upload_id)))


class PartParser(BaseParser):
    """Bytes as they are, at most as many as any body may have."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(settings.MAX_JSON_BYTES + 1)


class UploadPartView(APIView):
    parser_classes = [PartParser]

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: UploadOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def put(self, request: Request, upload_id: int, number: int) -> Response:
        """Send one part, counted from 0; it may be sent again."""
        upload = selectors.upload_for(user=request.user, upload_id=upload_id)
        content = request.data if isinstance(request.data, bytes) else b""
        return Response(_shown(uploads.receive(upload=upload, number=number, content=content)))


class UploadCancelView(APIView):
    @extend_schema(request=None, responses={204: None, 404: ErrorOutput})
    def post(self, request: Request, upload_id: int) -> Response:
        """Stop an import; rows that went in stay, and what has ended stays as it is."""
        uploads.cancel(upload=selectors.upload_for(user=request.user, upload_id=upload_id))
        return Response(status=204)


class UploadRejectsView(APIView):
    pagination_class = OldestFirst

    @extend_schema(
        parameters=[RejectsQuery], responses={200: RejectedRowOutput(many=True), 400: ErrorOutput}
    )
    def get(self, request: Request, upload_id: int) -> Response:
        """Rows that were not taken, and why, in the file's order."""
        upload = selectors.upload_for(user=request.user, upload_id=upload_id)
        query = RejectsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = selectors.rejected_rows_of(upload=upload, **query.validated_data)
        pages = OldestFirst()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(RejectedRowOutput(page, many=True).data)


class UploadRejectsFileView(APIView):
    @extend_schema(
        responses={
            302: OpenApiResponse(description="To the file, by a link that soon expires."),
            404: ErrorOutput,
            409: ErrorOutput,
        }
    )
    def get(self, request: Request, upload_id: int) -> HttpResponseRedirect:
        """The rows that were not taken as they stood, to be mended and sent again."""
        upload = selectors.upload_for(user=request.user, upload_id=upload_id)
        if not upload.rejects_name:
            raise NoRejects
        stem = PurePath(upload.file_name).name.split(".")[0] or "file"
        return HttpResponseRedirect(
            stored_file_url(
                name=upload.rejects_name,
                sha256=upload.rejects_sha256,
                file_name=f"{stem}.rejects.jsonl",
            )
        )
