"""The web process: `gunicorn wsgi:app`."""

from kiaai import create_app

app = create_app()
