"""What every test shares."""

import hypothesis
import pytest
from pytest_django import Settings

# The same examples each time, however busy the machine: a test says what is true, not how fast.
hypothesis.settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "long", hypothesis.settings.get_profile("steady"), derandomize=False, max_examples=2000
)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Settings) -> None:
    """A real hash costs half a second a person, on purpose; no test is about that."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
