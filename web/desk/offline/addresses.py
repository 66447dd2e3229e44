"""The addresses of the desk's work through network cuts."""

from web.desk.offline.blocks import allot_numbers, close_numbers, number_blocks
from web.desk.offline.keeping import give_up_entry, standing, take_entry, take_numbers
from web.desk.offline.shell import offline, worker
from web.pages import Allow, Page

PAGES = (
    Page("/offline", offline, Allow.DESK),
    Page("/worker.js", worker, Allow.EVERYONE),
    Page("/offline/standing", standing, Allow.DESK),
    Page("/offline/entries", take_entry, Allow.DESK, ("POST",)),
    Page("/offline/numbers", take_numbers, Allow.DESK, ("POST",)),
    Page("/offline/given-up", give_up_entry, Allow.DESK, ("POST",)),
    Page("/blocks", number_blocks, Allow.ENTRIES),
    Page("/blocks/new", allot_numbers, Allow.VOIDS, ("GET", "POST")),
    Page("/blocks/<int:block_id>/close", close_numbers, Allow.VOIDS, ("GET", "POST")),
)
