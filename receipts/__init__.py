"""Numbered receipts: facts frozen when issued, drawn as Persian PDFs, and verified."""
