"""The picture from which an authenticator app takes a seed."""

from __future__ import annotations

import io


def png(text: str) -> bytes:
    """Return a QR code as a PNG image. It holds a seed, where the text does."""
    import segno

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=6)
    return picture.getvalue()
