"""What a benchmark needs of the machine, asked for before anything is measured."""

import os
import shutil

import psycopg

SERVER_URL = os.environ.get(
    "TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


class Missing(Exception):
    """Something is not there; the message ends with the one line to type."""


def demand_program(name: str, *, package: str, why: str) -> None:
    """Raises Missing where a program of Debian is not installed."""
    if shutil.which(name) is None:
        raise Missing(
            f"{name} is missing ({why}). "
            f"Type:  sudo apt-get install --yes --no-install-recommends {package}"
        )


def demand_postgres() -> None:
    """Raises Missing where no PostgreSQL answers at TEST_DATABASE_URL."""
    plain = SERVER_URL.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        psycopg.connect(plain, connect_timeout=5).close()
    except psycopg.OperationalError as trouble:
        raise Missing(
            f"PostgreSQL does not answer ({str(trouble).splitlines()[0]}). Type:  "
            "TEST_DATABASE_URL=postgresql+psycopg://USER@HOST:5432/postgres make bench"
        ) from None
