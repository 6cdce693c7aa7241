"""Whole stories of the office, over the serial line, real HTTP and signed callbacks, on both engines."""
