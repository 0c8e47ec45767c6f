"""What every test shares."""

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

# The same examples every time, and no clock in the verdict: a busy machine is not a bug.
hypothesis_settings.register_profile(
    "labelhub", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# For make test-long: fresh examples, many more of them.
hypothesis_settings.register_profile(
    "long", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("labelhub")


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Settings) -> None:
    """A real hash costs half a second a person, on purpose; no test is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
