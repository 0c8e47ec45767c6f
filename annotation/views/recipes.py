"""Recipes, what they would hold, and freezing them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import versions as selectors
from annotation.serializers.recipes import (
    BenchmarkInput,
    BenchmarkOutput,
    FreezingInput,
    FreezingOutput,
    RecipeInput,
    RecipeOutput,
)
from annotation.services import freezings, recipes
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, parse

MANAGER = [Membership.Role.MANAGER]


class RecipesView(APIView):
    @extend_schema(responses=RecipeOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The project's recipes by name, each with its newest freezing."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        found = selectors.recipes_of(membership=membership)
        return Response(RecipeOutput(found, many=True).data)

    @extend_schema(
        request=RecipeInput, responses={201: RecipeOutput, 400: ErrorOutput, 409: ErrorOutput}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Declare a recipe."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        body = parse(RecipeInput, request)
        recipe = recipes.save_recipe(
            project=membership.project, changed_by=_person(request.user), **body
        )
        return Response(RecipeOutput(selectors.with_latest(recipe)).data, status=201)


class RecipeView(APIView):
    @extend_schema(responses={200: RecipeOutput, 404: ErrorOutput})
    def get(self, request: Request, recipe_id: int) -> Response:
        """One recipe with its newest freezing."""
        recipe = selectors.recipe_for(user=request.user, recipe_id=recipe_id)
        return Response(RecipeOutput(selectors.with_latest(recipe)).data)

    @extend_schema(
        request=RecipeInput,
        responses={200: RecipeOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def put(self, request: Request, recipe_id: int) -> Response:
        """Change a recipe; versions frozen before keep what they were made by."""
        recipe = selectors.recipe_for(user=request.user, recipe_id=recipe_id)
        body = parse(RecipeInput, request)
        recipe = recipes.save_recipe(
            project=recipe.project, recipe=recipe, changed_by=_person(request.user), **body
        )
        return Response(RecipeOutput(selectors.with_latest(recipe)).data)


class FreezingsView(APIView):
    @extend_schema(
        request=FreezingInput,
        responses={201: FreezingOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, recipe_id: int) -> Response:
        """Count what the recipe would hold now, or freeze a version of it; a worker does."""
        recipe = selectors.recipe_for(user=request.user, recipe_id=recipe_id)
        body = parse(FreezingInput, request)
        freezing = freezings.start(
            recipe=recipe, is_trial=body["is_trial"], requested_by=_person(request.user)
        )
        return Response(FreezingOutput(freezing).data, status=201)


class FreezingView(APIView):
    @extend_schema(responses={200: FreezingOutput, 404: ErrorOutput})
    def get(self, request: Request, freezing_id: int) -> Response:
        """One freezing: how far it is, and what it counted."""
        freezing = selectors.freezing_for(user=request.user, freezing_id=freezing_id)
        return Response(FreezingOutput(freezing).data)


class FreezingCancelView(APIView):
    @extend_schema(request=None, responses={204: None, 404: ErrorOutput})
    def post(self, request: Request, freezing_id: int) -> Response:
        """Stop a freezing; one that has ended stays as it is."""
        freezings.cancel(
            freezing=selectors.freezing_for(user=request.user, freezing_id=freezing_id)
        )
        return Response(status=204)


class BenchmarksView(APIView):
    @extend_schema(responses=BenchmarkOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Files of texts that recipes can keep out of what they make, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        found = selectors.benchmarks_of(membership=membership)
        return Response(BenchmarkOutput(found, many=True).data)

    @extend_schema(request=BenchmarkInput, responses={201: BenchmarkOutput, 400: ErrorOutput})
    def post(self, request: Request, slug: str) -> Response:
        """Keep the 13-word runs of a benchmark; its texts are not kept."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        body = parse(BenchmarkInput, request)
        benchmark = recipes.add_benchmark(
            project=membership.project,
            name=body["name"],
            content=body["content"].encode(),
            added_by=_person(request.user),
        )
        return Response(BenchmarkOutput(benchmark).data, status=201)


def _person(user: User | AnonymousUser) -> User:
    assert isinstance(user, User)
    return user
