"""The parts of HTML that reports are put together from."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape as text
from importlib.resources import files

#: Of a picture's pixels, how many of the page's, so that its texts are about as large.
_PIXEL = 0.65


def document(title: str, body: str) -> str:
    """Write a page that needs no other file and no network."""
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def image(drawn: dict[str, bytes], name: str, alt: str) -> str:
    """Embed a picture, with its dark twin where there is one."""
    if name not in drawn:
        return ""
    dark = drawn.get(f"dark/{name}")
    twin = (
        f'<source media="(prefers-color-scheme: dark)" srcset="{data_uri(dark)}">' if dark else ""
    )
    # Not wider than its texts are as large as those around it.
    wide = int.from_bytes(drawn[name][16:20], "big") * _PIXEL
    return (
        f"<div class=scroll><picture>{twin}<img style='max-width: {wide:.0f}px' "
        f'src="{data_uri(drawn[name])}" alt="{text(alt)}"></picture></div>'
    )


def data_uri(png: bytes) -> str:
    """Write a PNG as an address that holds it.

    >>> data_uri(b"PNG")
    'data:image/png;base64,UE5H'
    """
    return f"data:image/png;base64,{b64encode(png).decode()}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table that scrolls sideways where it is too wide. The cells are HTML already."""
    titles = "".join(f"<th scope=col>{text(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<div class=scroll><table><thead><tr>{titles}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def scientific(value: float) -> str:
    """Write a number as HTML with a power of ten.

    >>> scientific(2.2e-16)
    '2.2&nbsp;×&nbsp;10<sup>−16</sup>'
    >>> scientific(0.0), scientific(1e-10), scientific(0.25)
    ('0', '10<sup>−10</sup>', '0.25')
    """
    if value == 0 or not abs(value) < float("inf") or 1e-3 <= abs(value) < 1e4:
        return f"{value:.2g}"
    digits, power = f"{value:.1e}".split("e")
    power = f"{int(power)}".replace("-", "−")
    lead = "" if digits == "1.0" else f"{digits}&nbsp;×&nbsp;"
    return f"{lead}10<sup>{power}</sup>"
