"""How large an image may become when somebody opens it. The size is read from the header; nothing is decoded."""

from __future__ import annotations

from approval_core.files.rules.faults import fault

MOST_PIXELS = 50_000_000
LONGEST_SIDE = 30_000
MOST_FRAMES = 500  # of an animation, and all frames together stay under ten times the pixels


def check_pixels(width: int, height: int, frames: int = 1) -> None:
    if (
        width * height > MOST_PIXELS
        or max(width, height) > LONGEST_SIDE
        or frames > MOST_FRAMES
        or width * height * frames > 10 * MOST_PIXELS
    ):
        raise fault("image_too_large", width=width, height=height, most=MOST_PIXELS // 1_000_000)
    if width < 1 or height < 1:
        raise fault("file_damaged", why="0 pixels")
