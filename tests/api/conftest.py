from tests.counting import (  # noqa: F401 — fixtures
    pipe_client,
    policy,
    rung,
    tokenizer_folder,
    worker,
)
