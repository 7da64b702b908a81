"""The examples that receive, each under its usual server."""

from __future__ import annotations

from ._mounted import Example

_GUNICORN = "-m gunicorn --no-control-socket --bind fd://{fd}"
UNDER_WSGI = {
    "Flask": Example("receive_in_flask", f"{_GUNICORN} app:app"),
    "Django": Example(
        "receive_in_django", f"{_GUNICORN} config.wsgi", prepare=["manage.py migrate -v 0"]
    ),
    "gunicorn": Example("receive_alone", f"{_GUNICORN} application:wsgi"),
    "waitress": Example("receive_alone", "-m waitress --listen=127.0.0.1:{port} application:wsgi"),
}


_UVICORN = "-m uvicorn --fd {fd}"
UNDER_ASGI = {
    "FastAPI": Example("receive_in_fastapi", f"{_UVICORN} app:app"),
    "Starlette": Example("receive_in_starlette", f"{_UVICORN} --workers 2 app:app"),
    "Django": Example(
        "receive_in_django",
        f"{_UVICORN} config.asgi:application",
        prepare=["manage.py migrate -v 0"],
    ),
    "uvicorn": Example("receive_alone", f"{_UVICORN} application:asgi"),
    "hypercorn": Example("receive_alone", "-m hypercorn --bind fd://{fd} application:asgi"),
}
