"""Claiming, keeping and giving back work; the home page; guidelines."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Assignment, TaskKind
from annotation.selectors import assignments, figures, guidelines, questions, queue
from annotation.serializers.queue import (
    MAX_TURN_NUMBER,
    AssignmentOutput,
    AutosaveInput,
    BeatInput,
    BeatOutput,
    ClaimInput,
    GuidelineOutput,
    HomeOutput,
    LeaveInput,
    SamplingOutput,
    SavedOutput,
    SkipInput,
)
from annotation.services import claim, leases
from annotation.services import guidelines as guideline_services
from labelhub import exceptions
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, parse, represent
from sampling.selectors import sampling_health


class HomeView(APIView):
    @extend_schema(responses={200: HomeOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """What waits for the person in this project, and what they have done."""
        membership = membership_for(user=request.user, slug=slug)
        kinds = claim.KINDS_BY_ROLE[membership.role] if membership.pk else ()
        effort = queue.effort_of(membership=membership)
        body = {
            "project": membership.project,
            "role": membership.role,
            "queues": queue.queues_of(membership=membership, kinds=kinds),
            "exam": figures.exam_of(membership=membership).state,
            "returned": queue.returned_to(membership=membership),
            "open_questions": questions.open_questions(membership=membership),
            "kept": queue.kept_of(membership=membership),
            "today": effort.today,
            "this_week": effort.this_week,
            "active_seconds_today": effort.active_seconds_today,
            "guidelines": guidelines.current_guidelines(membership=membership, kinds=kinds),
            "sampling": sampling_health(),
        }
        return Response(represent(HomeOutput, body))


class SamplingView(APIView):
    @extend_schema(responses={200: SamplingOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """Whether drafts, replies and candidates are being made at their usual pace."""
        membership_for(user=request.user, slug=slug)
        return Response(represent(SamplingOutput, sampling_health()))


class ClaimView(APIView):
    @extend_schema(
        request=ClaimInput,
        responses={200: AssignmentOutput, 403: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Take the next task of a kind, or the one already held."""
        body = parse(ClaimInput, request)
        assignment_id = claim.claim(
            user=signed_in(request), slug=slug, **body | {"kind": TaskKind(body["kind"])}
        )
        page = assignments.page_of(user=signed_in(request), assignment_id=assignment_id)
        return Response(represent(AssignmentOutput, page))


class AssignmentView(APIView):
    @extend_schema(responses={200: AssignmentOutput, 404: ErrorOutput})
    def get(self, request: Request, assignment_id: int) -> Response:
        """One's own assignment, with all its page shows."""
        page = assignments.page_of(user=signed_in(request), assignment_id=assignment_id)
        return Response(represent(AssignmentOutput, page))


class BeatView(APIView):
    @extend_schema(
        request=BeatInput, responses={200: BeatOutput, 404: ErrorOutput, 409: ErrorOutput}
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """The person is at work: counts active time and renews the lease past half its life."""
        assignment = queue.assignment_for(user=signed_in(request), assignment_id=assignment_id)
        beaten = leases.beat(assignment=assignment, **parse(BeatInput, request))
        return Response(represent(BeatOutput, beaten))


class LeaveView(APIView):
    @extend_schema(request=LeaveInput, responses={204: None, 404: ErrorOutput})
    def post(self, request: Request, assignment_id: int) -> Response:
        """The page on which the work was open is closed."""
        assignment = queue.assignment_for(user=signed_in(request), assignment_id=assignment_id)
        leases.leave(assignment=assignment, **parse(LeaveInput, request))
        return Response(status=204)


class AutosaveView(APIView):
    @extend_schema(
        request=AutosaveInput,
        responses={200: SavedOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def put(self, request: Request, assignment_id: int, turn: int) -> Response:
        """Keep unsubmitted work on the server."""
        if turn > MAX_TURN_NUMBER:
            raise exceptions.NotFound
        assignment = queue.assignment_for(user=signed_in(request), assignment_id=assignment_id)
        body = parse(AutosaveInput, request)
        saved, locked = leases.save_autosave(assignment=assignment, turn=turn, **body)
        return Response(
            SavedOutput(
                {
                    "turn": saved.turn,
                    "version": saved.version,
                    "saved_at": saved.saved_at,
                    "lease_until": locked.lease_until,
                }
            ).data
        )


class SkipView(APIView):
    @extend_schema(request=SkipInput, responses={204: None, 404: ErrorOutput, 409: ErrorOutput})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Hand the task back with a reason."""
        assignment = queue.assignment_for(user=signed_in(request), assignment_id=assignment_id)
        body = parse(SkipInput, request)
        leases.skip(
            assignment=assignment,
            reason=Assignment.SkipReason(body["reason"]),
            comment=body["comment"],
        )
        return Response(status=204)


class GuidelineView(APIView):
    @extend_schema(responses={200: GuidelineOutput, 404: ErrorOutput})
    def get(self, request: Request, guideline_id: int) -> Response:
        """One version of the rules for a kind of work."""
        found = guidelines.guideline_for(user=request.user, guideline_id=guideline_id)
        found.read_before = guidelines.read_before(user=request.user, guideline=found)  # type: ignore[attr-defined]
        return Response(represent(GuidelineOutput, found))


class AcknowledgementView(APIView):
    @extend_schema(request=None, responses={204: None, 404: ErrorOutput})
    def post(self, request: Request, guideline_id: int) -> Response:
        """The person has read this version."""
        found = guidelines.guideline_for(user=request.user, guideline_id=guideline_id)
        guideline_services.acknowledge(user=signed_in(request), guideline=found)
        return Response(status=204)
