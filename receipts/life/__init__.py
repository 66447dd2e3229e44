"""The life of a receipt: numbered, issued, kept, copied, replaced, void, audited."""
