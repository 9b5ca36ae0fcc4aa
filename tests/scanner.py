"""What an authenticator app does with a picture: find the QR code, read it, and take the seed from it."""

import io
from urllib.parse import parse_qs, urlsplit

import zxingcpp
from PIL import Image


def qr_codes_in(picture: Image.Image, *, inverted: bool = True) -> list[str]:
    """Return the texts of the QR codes in `picture`; those that are light on dark only where `inverted` allows.

    Other kinds are not looked for: the modules of one QR code in a thousand also pass for a bar code.
    """
    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(picture, formats=kinds, try_invert=inverted)
    return [code.text for code in found]


def qr_code_in(png: bytes) -> str:
    """Return the text of the one QR code in the bytes of a PNG."""
    with Image.open(io.BytesIO(png)) as picture:
        (text,) = qr_codes_in(picture)
    return text


def seed_of(uri: str) -> str:
    """Return the seed in an `otpauth` address."""
    (seed,) = parse_qs(urlsplit(uri).query)["secret"]
    return seed
