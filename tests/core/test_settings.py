import pytest

from core.settings import WrongSettings, read_settings


def test_every_mistake_is_named_at_once_and_no_secret_is_shown(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "not an address")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db/x")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    with pytest.raises(WrongSettings) as wrong:
        read_settings()

    message = str(wrong.value)
    assert all(name in message for name in ("PUBLIC_URL", "DATABASE_URL", "LOG_LEVEL"))
    assert "hunter2" not in message


def test_the_demo_key_does_not_go_public(tmp_path):
    demo = read_settings(instance_dir=tmp_path).signing_key()

    with pytest.raises(WrongSettings, match="SECRET_KEY"):
        read_settings(public_url="https://mosharekat.example.ir", secret_key=demo)


def test_the_demo_key_is_made_once_and_kept_private(tmp_path):
    first = read_settings(instance_dir=tmp_path).signing_key()

    assert read_settings(instance_dir=tmp_path).signing_key() == first
    assert (tmp_path / "demo-secret-key").stat().st_mode & 0o077 == 0


def test_a_short_key_is_refused():
    with pytest.raises(WrongSettings, match="SECRET_KEY"):
        read_settings(secret_key="short")
