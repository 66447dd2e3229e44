"""The addresses of batches, and who may open each."""

from web.desk.batches.entering import (
    batch,
    batches,
    close_batch_form,
    give_up_batch_form,
    new_batch,
    strike,
)
from web.pages import Allow, Page

PAGES = (
    Page("/batches", batches, Allow.ENTRIES),
    Page("/batches/new", new_batch, Allow.DESK, ("GET", "POST")),
    Page("/batches/<int:batch_id>", batch, Allow.ENTRIES, ("GET", "POST")),
    Page("/batches/<int:batch_id>/lines/<int:batch_line_id>/strike", strike, Allow.DESK, ("POST",)),
    Page("/batches/<int:batch_id>/close", close_batch_form, Allow.DESK, ("POST",)),
    Page("/batches/<int:batch_id>/give-up", give_up_batch_form, Allow.DESK, ("POST",)),
)
