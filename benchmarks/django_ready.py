"""Importing this sets Django up, for processes that are forked from one that did."""

import django

django.setup()

# What every case needs, loaded once.
from annotation.services import dataset_files, imports, projects  # noqa: E402, F401
