"""The addresses of finance."""

from web.pages import Page, blueprint

PAGES: tuple[Page, ...] = ()

finance = blueprint("finance", PAGES, prefix="/finance")
