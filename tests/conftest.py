"""What every test shares."""

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.patience import wait_for_redis

BROWSER = "tests/browser/"
SLOW = (BROWSER, "tests/faults/")

# The same examples every time, and no clock in the verdict: a busy machine is not a bug.
hypothesis_settings.register_profile(
    "labelhub", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# For make test-long: fresh examples, many more of them.
hypothesis_settings.register_profile(
    "long", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("labelhub")


@pytest.fixture(scope="session", autouse=True)
def _patient() -> None:
    wait_for_redis()


@pytest.fixture(autouse=True)
def _cheap(settings: Settings) -> None:
    """What costs much and no test is about, each for its reason."""
    # A real hash takes half a second a person, on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Every new client would list all static files at its first request, which takes longer than that.
    settings.WHITENOISE_AUTOREFRESH = True


class ByFile(LoadScopeScheduling):
    """Gives a file's tests to one worker, which makes once what they share; all browser tests share a site.

    What takes minutes in few tests begins first, so that no worker is left alone with it at the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        # Among equals the one of most tests, as before.
        self.workqueue.move_to_end(min(self.workqueue, key=_turn), last=False)
        super()._assign_work_unit(node)


def _turn(scope: str) -> int:
    return next((turn for turn, slow in enumerate(SLOW) if scope.startswith(slow)), len(SLOW))


# Marks `xdist_group` would do for the browser, but pytest 9.2 no longer lets xdist 3.8 tell the scheduler.
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)
