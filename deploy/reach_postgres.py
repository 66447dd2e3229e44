"""Says whether PostgreSQL answers at an address, before a long run finds out that it does not."""

import sys

import psycopg


def main() -> int:
    url = sys.argv[1].replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        print(
            f"PostgreSQL is needed at TEST_DATABASE_URL and does not answer: {error}",
            file=sys.stderr,
        )
        return 1
    print(f"PostgreSQL {version} answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
