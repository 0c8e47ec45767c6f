from tests.counting import (  # noqa: F401 — fixtures
    pipe_client,
    policy,
    rung,
    tokenizer_folder,
    worker,
)
from tests.exporting import no_renewal, own_storage  # noqa: F401 — fixtures
