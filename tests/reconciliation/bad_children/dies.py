"""Ends in the middle of a frame."""

import os

os.write(1, b"H\x00\x00\x00\x00\x00\x00\x00\x09{")
os._exit(3)
