"""What an authenticator app does with a picture: find the QR codes and read them."""

import zxingcpp
from PIL.Image import Image


def qr_codes_in(picture: Image, *, inverted: bool = True) -> list[str]:
    """Return the texts of the QR codes in `picture`; those that are light on dark only where `inverted` allows.

    Other kinds are not looked for: the modules of one QR code in a thousand also pass for a bar code.
    """
    kinds = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(picture, formats=kinds, try_invert=inverted)
    return [code.text for code in found]
