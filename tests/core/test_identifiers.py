"""The check-digit schemes against public vectors, and ours against every slip of the hand."""

import random

import pytest
from persian_tools import legal_id, national_id
from persian_tools.bank import card_number, sheba

from core.identifiers import (
    DepositId,
    UnreadableMobile,
    UnreadableNationalId,
    is_card_number,
    is_deposit_id,
    is_legal_id,
    is_national_id,
    is_sheba,
    is_tracking_code,
    masked_mobile,
    new_tracking_code,
    parse_mobile,
    parse_national_id,
)


@pytest.mark.parametrize(
    "digits", ["0084575948", "0499370899", "0790419904", "0067749828", "1583250689"]
)
def test_a_national_id_is_known(digits):
    assert is_national_id(digits)


@pytest.mark.parametrize("digits", ["4271427685", "0684159415", "0000000000", "123", "1111111111"])
def test_a_false_national_id_is_not(digits):
    assert not is_national_id(digits)


@pytest.mark.parametrize(
    "digits", ["10380284790", "10100387143", "77111986110", "18061055669", "14003244762"]
)
def test_a_legal_id_is_known(digits):
    assert is_legal_id(digits)


@pytest.mark.parametrize("digits", ["10380284792", "11111111111", "09748208301"])
def test_a_false_legal_id_is_not(digits):
    assert not is_legal_id(digits)


def test_cards_follow_luhn():
    assert is_card_number("6104337913882187")
    assert is_card_number("6104337941250373")
    assert not is_card_number("6104337913882188")


def test_shebas_leave_one():
    assert is_sheba("IR690120010000004168450796")
    assert is_sheba("IR120120000000001277075593")
    assert is_sheba("IR820540102680020817909002")
    assert not is_sheba("IR130120000000001277075593")


def test_we_agree_with_another_library_on_random_numbers():
    chance = random.Random(1404)
    for _ in range(3_000):
        ten, eleven = f"{chance.randrange(10**10):010d}", f"{chance.randrange(10**11):011d}"
        iban, card = f"IR{chance.randrange(10**24):024d}", f"6{chance.randrange(10**15):015d}"
        assert is_national_id(ten) == bool(national_id.validate(ten))
        assert is_legal_id(eleven) == bool(legal_id.validate(eleven))
        assert is_sheba(iban) == bool(sheba.validate(iban))
        assert is_card_number(card) == bool(card_number.validate(card))


def test_a_deposit_id_has_its_layout():
    assert str(DepositId(1404, 11, 4821)) == "1401100482197"
    assert is_deposit_id("1401100482197")


def test_no_slip_of_the_hand_hits_another_deposit_id():
    digits = str(DepositId(1405, 807, 123456))
    wrong = {
        digits[:place] + other + digits[place + 1 :]
        for place in range(13)
        for other in "0123456789"
        if other != digits[place]
    }
    swapped = {
        digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        for place in range(12)
        if digits[place] != digits[place + 1]
    }

    assert not [slip for slip in wrong | swapped if is_deposit_id(slip)]


def test_tracking_codes_and_deposit_ids_are_never_taken_for_each_other():
    codes = {new_tracking_code() for _ in range(500)}

    assert len(codes) == 500
    assert all(is_tracking_code(code) and not is_deposit_id(code) for code in codes)


def test_one_wrong_digit_is_no_tracking_code():
    code = new_tracking_code()
    other = str((int(code[5]) + 1) % 10)

    assert not is_tracking_code(code[:5] + other + code[6:])


@pytest.mark.parametrize(
    "typed", ["09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "+98 912 123 4567", "00989121234567", "9121234567"]
)
def test_a_mobile_number_is_read_as_people_write_it(typed):
    assert parse_mobile(typed) == "09121234567"


@pytest.mark.parametrize("typed", ["", "0812", "021-12345678", "091212345678", "hello"])
def test_what_is_no_mobile_number_is_refused(typed):
    with pytest.raises(UnreadableMobile):
        parse_mobile(typed)


def test_a_mobile_number_is_shown_masked():
    assert masked_mobile("09121234567") == "0912***4567"


def test_a_national_id_may_lack_its_leading_zeros():
    assert parse_national_id("84575948") == "0084575948"
    with pytest.raises(UnreadableNationalId):
        parse_national_id("84575949")
