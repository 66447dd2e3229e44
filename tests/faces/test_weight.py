"""The donor's page arrives quickly on a slow telephone: few bytes, few requests."""

import gzip
import re

from deploy.prepare import ROOT

BYTES_MAX = 50 * 1024
REQUESTS_MAX = 5
STYLES_BYTES_MAX = 8 * 1024
PACKS = {"Accept-Encoding": "gzip"}


def fetched(client, address):
    answer = client.get(address, headers=PACKS, buffered=True)
    assert answer.status_code == 200
    return answer.data


def test_the_donors_page_fits_a_slow_telephone(app):
    client = app.test_client()
    page = fetched(client, "/give")
    html = gzip.decompress(page).decode()
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html))

    weight_bytes = len(page) + sum(len(fetched(client, file)) for file in files)

    assert weight_bytes <= BYTES_MAX
    assert 1 + len(files) <= REQUESTS_MAX


def test_the_stylesheet_keeps_its_budget():
    styles = (ROOT / "static" / "app.css").read_bytes()

    assert len(gzip.compress(styles)) <= STYLES_BYTES_MAX
