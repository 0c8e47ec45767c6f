"""Names of raters in files: stable within a dataset family, meaningless outside it."""

import hmac


def pseudonym(key: bytes, rater: str) -> str:
    """`r_` and 20 hexadecimal digits; without the key nobody can tell whose they are."""
    return "r_" + hmac.digest(key, rater.encode(), "sha256").hex()[:20]
