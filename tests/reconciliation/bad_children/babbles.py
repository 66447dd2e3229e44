"""Says what is no frame, without an end."""

import os

while True:
    os.write(1, b"what is this")
