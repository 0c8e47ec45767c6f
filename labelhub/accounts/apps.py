import gc

from django.apps import AppConfig

# Allocations between two looks for garbage. Python's 700 has every request and every few lines of a
# file looked through; cycles, which alone need it, are few here.
_ALLOCATIONS = 50_000


class AccountsConfig(AppConfig):
    name = "labelhub.accounts"
    label = "accounts"

    def ready(self) -> None:
        # Models and libraries, which are loaded by now, live as long as the process.
        gc.freeze()
        gc.set_threshold(_ALLOCATIONS)
