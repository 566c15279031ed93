class FetchError(Exception):
    """Nothing usable came back; the message is one plain sentence for an editor."""


class ForbiddenAddress(OSError):
    """Raised in the act of connecting, so an OSError: the connector then tries the host's next address."""

    def __init__(self):
        super().__init__("That address points inside our network and is not fetched.")
