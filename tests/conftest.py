"""What every test shares."""

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

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


class BrowserTestsTogether(LoadScopeScheduling):
    """Gives all browser tests to one worker, since they share one site; any other test to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid


# A mark `xdist_group` would say the same, but pytest 9.2 no longer lets xdist 3.8 tell the scheduler.
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BrowserTestsTogether:
    return BrowserTestsTogether(config, log)
