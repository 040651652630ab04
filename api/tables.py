"""Lists that people keep as tables: JSON, or CSV for a spreadsheet."""

from typing import Any, Final, Literal

from pydantic import BaseModel, Field
from starlette.responses import Response

from api.reading import AsOf
from api.views import Page
from projections.tabular import views_csv

CSV: Final = "text/csv; charset=utf-8"
CSV_CONTENT: Final[dict[str, Any]] = {"text/csv": {"schema": {"type": "string"}}}


class Table(AsOf):
    """As known at a moment, in which form."""

    format: Literal["json", "csv"] = Field("json", description="JSON, or CSV that is safe to open in a spreadsheet.")


def table(kind: type[BaseModel], rows: tuple[BaseModel, ...], form: Literal["json", "csv"]) -> Response:
    """The rows of one kind in the form that was asked for."""
    if form == "csv":
        return Response("".join(views_csv(kind, rows)), 200, None, CSV)
    page = Page[kind](items=rows)  # type: ignore[valid-type]
    return Response(page.model_dump_json(), 200, None, "application/json")
