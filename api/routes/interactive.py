"""A page on which one tries the API out: for training and development, and off unless a setting asks for it."""

from typing import Final

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

router: Final = APIRouter(include_in_schema=False)
FROM: Final = "https://cdn.jsdelivr.net"
POLICY: Final = (
    f"default-src 'none'; script-src 'unsafe-inline' {FROM}; style-src 'unsafe-inline' {FROM};"
    f" img-src data: https://fastapi.tiangolo.com; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@router.get("/docs")
async def interactive_docs() -> Response:
    """Every route, with an example that can be sent."""
    page = get_swagger_ui_html(openapi_url="/openapi.json", title="Trial ledger")
    page.headers["Content-Security-Policy"] = POLICY
    return page
