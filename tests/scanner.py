"""Scans a picture like an authenticator app: finds the QR code, decodes it, and extracts the seed."""

import io
from urllib.parse import parse_qs, urlsplit

import zxingcpp
from PIL import Image


def qr_codes_in(picture: Image.Image, *, inverted: bool = True) -> list[str]:
    """Return the texts of the QR codes in `picture`; light on dark ones only if `inverted`.

    Other kinds of codes are ignored: the modules of one QR code in a thousand also pass for a bar code.
    """
    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(picture, formats=kinds, try_invert=inverted)
    return [code.text for code in found]


def qr_code_in(png: bytes) -> str:
    """Return the text of the only QR code in a PNG."""
    with Image.open(io.BytesIO(png)) as picture:
        (text,) = qr_codes_in(picture)
    return text


def seed_of(uri: str) -> str:
    """Return the seed in an `otpauth` address."""
    (seed,) = parse_qs(urlsplit(uri).query)["secret"]
    return seed
