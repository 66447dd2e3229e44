"""The fast QR codes are segno's, to the module."""

import random

import pytest
import segno

from receipts.typesetting.qr import ERROR_CORRECTION, MASK, qr_rows


@pytest.mark.parametrize("length", [1, 17, 60, 71, 84, 120])
def test_a_code_is_the_one_segno_makes(length):
    random_content = random.Random(length)

    for _ in range(4):
        content = "".join(chr(random_content.randrange(33, 127)) for _ in range(length))
        made = segno.make_qr(
            content, error=ERROR_CORRECTION, mask=MASK, mode="byte", boost_error=False
        )
        assert qr_rows(content) == ["".join(map(str, row)) for row in made.matrix]
