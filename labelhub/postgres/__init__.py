"""Django's PostgreSQL backend with two changes, both for speed; `base` says which."""
