"""Where an identity provider may be asked."""

from urllib.parse import urlsplit


def is_url(place: str) -> bool:
    return urlsplit(place).scheme in ("http", "https")


def is_safe(url: str) -> bool:
    """Whether what comes from there is what was sent: TLS, or the same machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))
