"""A pytest plugin: which tests one worker runs together, and which of them begin first."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# One site and one Chromium serve them all. They take minutes, so nothing else is begun before.
BROWSER = "tests/browser"


# Not xdist's own groups: they are lost with pytest 9.2 (pytest-dev/pytest-xdist issue 1386).
class ByFile(LoadScopeScheduling):
    """What a file's tests share is made once; the browser tests are one file in this."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(f"{BROWSER}/") else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if BROWSER in self.workqueue:
            self.workqueue.move_to_end(BROWSER, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)
