from tests.counting import (  # noqa: F401 — fixtures
    pipe_client,
    policy,
    rung,
    steppers,
    tokenizer_folder,
    worker,
)
