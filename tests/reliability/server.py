"""The application as uvicorn is asked to make it, from the environment."""

from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings


def app() -> FastAPI:
    return create_app(Settings())
