"""One English text has one finished Persian text."""

import gettext

import pytest

from deploy.translations import WrongWording, compile_wording, merged

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def catalogue(folder, area, *pairs):
    texts = "".join(f'msgid "{english}"\nmsgstr "{persian}"\n\n' for english, persian in pairs)
    (folder / f"{area}.po").write_text(HEAD + texts, "utf-8")


def test_the_areas_are_merged_into_one_catalogue(tmp_path):
    catalogue(tmp_path, "desk", ("Cash", "نقد"), ("Save", "ثبت"))
    catalogue(tmp_path, "finance", ("Save", "ثبت"), ("Match", "انطباق"))

    compile_wording(tmp_path, tmp_path / "made" / "messages.mo")

    with (tmp_path / "made" / "messages.mo").open("rb") as file:
        persian = gettext.GNUTranslations(file)
    assert [persian.gettext(text) for text in ("Cash", "Match")] == ["نقد", "انطباق"]


def test_two_areas_that_differ_are_refused_with_both_names(tmp_path):
    catalogue(tmp_path, "desk", ("Save", "ثبت"))
    catalogue(tmp_path, "finance", ("Save", "ذخیره"))

    with pytest.raises(WrongWording, match=r'finance.po: "Save" is said otherwise in desk.po'):
        merged(tmp_path.glob("*.po"))


def test_a_text_without_persian_is_refused(tmp_path):
    catalogue(tmp_path, "desk", ("Save", ""))

    with pytest.raises(WrongWording, match=r'desk.po: "Save" has no finished Persian'):
        merged(tmp_path.glob("*.po"))
