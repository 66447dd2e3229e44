"""What an installation may set: read once, from the environment, and refused all at once.

Every setting is described in ``docs/operations/settings.md``.
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parents[1]
_DEMO_KEY_PREFIX = "demo-"


class WrongSettings(Exception):
    """The installation cannot start; the message lists every mistake and shows no secret."""


class Settings(BaseSettings):
    """The settings of one installation. Names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    instance_dir: Path = ROOT / "instance"
    database_url: str = ""
    secret_key: SecretStr = SecretStr("")
    public_url: str = "http://127.0.0.1:8000"
    gateways_file: Path | None = None
    receipt_files_dir: Path | None = None
    redis_url: str | None = None
    smtp_url: SecretStr | None = None
    sms_url: SecretStr | None = None
    seal_key_file: Path | None = None
    seal_password: SecretStr = SecretStr("")
    seal_password_file: Path | None = None
    seal_certificates_file: Path | None = None
    seal_timestamp_url: str | None = None
    seal_trusted_file: Path | None = None
    help_line: str = "6369"
    log_level: str = "INFO"
    gifts_per_minute: int = Field(default=120, ge=1)
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    sweep_after_seconds: int = Field(default=120, ge=1, le=3600)
    jobs_poll_seconds: float = Field(default=0.5, gt=0, le=60)
    statement_megabytes: int = Field(default=20, ge=1, le=1024)

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError("must be an address such as https://mosharekat.example.ir")
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_a_known_engine(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        return url

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, level: str) -> str:
        if level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level.upper()

    @model_validator(mode="after")
    def _is_not_the_demo_in_public(self) -> "Settings":
        key = self.secret_key.get_secret_value()
        if self.is_public and (not key or key.startswith(_DEMO_KEY_PREFIX)):
            raise ValueError(
                "SECRET_KEY: an https PUBLIC_URL needs a key of its own, not the demo's"
            )
        if key and len(key) < 32:
            raise ValueError("SECRET_KEY: must have at least 32 characters")
        return self

    @property
    def is_public(self) -> bool:
        """Whether real people reach this installation; then nothing of the demo may be used."""
        return self.public_url.startswith("https://")

    @property
    def database(self) -> str:
        """The address of the database; SQLite in the instance folder unless told otherwise."""
        return self.database_url or f"sqlite:///{self.instance_dir / 'mosharekat.sqlite3'}"

    @property
    def gateways(self) -> Path:
        """The TOML file of gateway accounts."""
        return self.gateways_file or self.instance_dir / "gateways.toml"

    @property
    def seal_key_password(self) -> bytes | None:
        """The password of the sealing key: as set, or what its file holds without the line end."""
        if self.seal_password_file is not None:
            return self.seal_password_file.read_text(encoding="utf-8").rstrip("\r\n").encode()
        return self.seal_password.get_secret_value().encode() or None

    @property
    def receipt_files(self) -> Path:
        """The folder in which the files of receipts are kept as they were first drawn."""
        return self.receipt_files_dir or self.instance_dir / "receipts"

    def signing_key(self) -> str:
        """The secret everything is signed with; the demo's is made on first use and kept."""
        key = self.secret_key.get_secret_value()
        return key or _kept_key(self.instance_dir / "demo-secret-key")


def read_settings(**overrides: Any) -> Settings:
    """Read the environment. Raises WrongSettings with every mistake, each by its name."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        mistakes = (
            f"  {'.'.join(str(part) for part in mistake['loc']).upper()}: {mistake['msg']}".replace(
                "  : ", "  "
            )
            for mistake in error.errors(include_url=False, include_input=False)
        )
        raise WrongSettings("These settings are wrong:\n" + "\n".join(mistakes)) from None


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(_DEMO_KEY_PREFIX + secrets.token_hex(32), encoding="ascii")
        with suppress(FileExistsError):  # the first of several starting processes wins
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text(encoding="ascii")
