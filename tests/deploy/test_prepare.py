"""Set-up does each step once, again only when its sources change, and says what it cannot have."""

import pytest

from deploy.prepare import CannotBeHad, Step, find_browser


@pytest.fixture
def step(tmp_path):
    source, made = tmp_path / "source.txt", tmp_path / "made.txt"
    source.write_text("one", "utf-8")

    def make():
        made.write_text((made.read_text("utf-8") if made.exists() else "") + "|", "utf-8")

    return Step("copy", (source,), (made,), make, stamps=tmp_path / "stamps")


def test_a_step_is_done_once(step):
    step.run()
    step.run()

    assert step.made[0].read_text("utf-8") == "|"


def test_a_step_is_done_again_when_its_source_has_changed(step):
    step.run()
    step.sources[0].write_text("two", "utf-8")
    step.run()

    assert step.made[0].read_text("utf-8") == "||"


def test_a_step_is_done_again_when_what_it_made_is_gone(step):
    step.run()
    step.made[0].unlink()
    step.run()

    assert step.made[0].exists()


def test_a_step_that_failed_is_tried_again(step):
    def fail():
        raise CannotBeHad("no network")

    broken = Step("copy", step.sources, step.made, fail, stamps=step.stamps)
    with pytest.raises(CannotBeHad):
        broken.run()
    step.run()

    assert step.made[0].read_text("utf-8") == "|"


def test_what_cannot_be_had_is_named_with_the_line_to_type(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # a machine without Chromium and without apt-get

    with pytest.raises(CannotBeHad, match=r"chromium is missing.*Type:  sudo apt-get install"):
        find_browser()
