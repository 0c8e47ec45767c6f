"""Shapes of the accounts endpoints."""

from typing import Any

from rest_framework import serializers

from labelhub.accounts.models import ApiToken, Membership
from labelhub.api import RowVersion


class LoginInput(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class ProjectNameOutput(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()


class MembershipOutput(serializers.Serializer[Any]):
    project = ProjectNameOutput()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    languages = serializers.ListField(child=serializers.CharField())


class ConsentStateOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField(allow_null=True)
    given = serializers.BooleanField()


class MeOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    is_admin = serializers.BooleanField()
    consent = ConsentStateOutput()
    memberships = MembershipOutput(many=True)


class SessionOutput(serializers.Serializer[Any]):
    user = MeOutput(allow_null=True)


class ConsentDocumentOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    title = serializers.CharField()
    markdown = serializers.CharField()
    purposes = serializers.ListField(child=serializers.CharField())


class ConsentInput(serializers.Serializer[Any]):
    version = RowVersion()
    purposes = serializers.ListField(child=serializers.CharField(max_length=50), max_length=50)


class TokenInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiToken.Scope.choices), min_length=1, max_length=3
    )
    days = serializers.IntegerField(min_value=1, max_value=365, default=90)


class TokenOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="token_key")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created = serializers.DateTimeField()
    expiry = serializers.DateTimeField(allow_null=True)


class NewTokenOutput(TokenOutput):
    token = serializers.CharField()
