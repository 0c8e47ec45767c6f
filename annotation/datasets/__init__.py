"""Data sets in and out of labelhub: sources → readers → records → formats → writers.

These modules are plain Python: what a file says and how a row is written does not depend on the
database. `importing` and `exporting` join them to it.
"""
