"""PostgreSQL and Redis of our own: started on demand, gone with the last user.

Read `places` (what lies where and how to reach it), `holder` (how a process keeps the servers up)
and `keeper` (the process that runs them).
"""

from labelhub.embedded.exceptions import EmbeddedServerError
from labelhub.embedded.holder import hold, release
from labelhub.embedded.places import Addresses, addresses

__all__ = ["Addresses", "EmbeddedServerError", "addresses", "hold", "release"]
