"""What a request carries about whoever sends it: its token, and from where it comes."""

from starlette.requests import Request

from api.limits import network_of
from api.problems import CHALLENGE, Refused


def bearer(request: Request) -> str:
    """The token of a request; refused without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("unauthenticated", headers={"WWW-Authenticate": CHALLENGE})
    return token


def origin_of(request: Request) -> str:
    """From where a request comes: an address, or of IPv6 its network."""
    return network_of(request.client.host if request.client is not None else None)
