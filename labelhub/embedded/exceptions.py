class EmbeddedServerError(Exception):
    """The embedded servers cannot run; the message says why and what to do about it."""
