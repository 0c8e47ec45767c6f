"""The manager's overview."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import progress
from annotation.serializers.progress import ProgressOutput
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from sampling.selectors import sampling_health


class ProgressView(APIView):
    @extend_schema(responses=ProgressOutput)
    def get(self, request: Request, slug: str) -> Response:
        """What is open, under way and done, and who did it."""
        project = membership_for(
            user=request.user, slug=slug, roles=[Membership.Role.MANAGER]
        ).project
        newest = progress.newest_round(project=project)
        return Response(
            ProgressOutput(
                {
                    "round": {"number": newest.number if newest else 0},
                    "tiles": progress.tiles_of(project=project),
                    "people": progress.people_of(project=project),
                    "sampling": sampling_health(),
                }
            ).data
        )
