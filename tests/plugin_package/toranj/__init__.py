"""Toranj Bank (بانک ترنج), which does not exist: its adapter, and its side of the sandbox bank."""
