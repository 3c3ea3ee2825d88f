"""What lets a class map open with its names and colours: GDAL's category names and a QGIS style beside the file."""

from __future__ import annotations

import contextlib
import os
import re
from xml.sax.saxutils import escape, quoteattr, unescape  # nosec B406: they write text, no XML is parsed

from ..classes import LandClass
from ..partial import replacing

MOST_CATEGORY_NAMES = 65536  # GDAL lists a name for every value from 0 on: no sense for huge codes
MOST_TEXT = 1 << 24  # characters of an auxiliary file that are looked at


def write_category_names(path: str, classes: tuple[LandClass, ...]) -> None:
    """GDAL's auxiliary file with the name of every class; other programs show them too."""
    names = {c.code: c.name for c in classes}
    if min(names) < 0 or max(names) >= MOST_CATEGORY_NAMES:
        return
    lines = "".join(f"      <Category>{escape(names.get(code, ''))}</Category>\n" for code in range(max(names) + 1))
    _write(
        f"{path}.aux.xml",
        f'<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n{lines}    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n',
    )


def write_style(path: str, classes: tuple[LandClass, ...]) -> None:
    """A QGIS style (.qml) of the same name: QGIS loads it with the raster."""
    entries = "".join(f'        <paletteEntry value="{c.code}" label={quoteattr(c.name)} color="{c.hex}" alpha="255"/>\n' for c in classes)
    _write(
        _style_path(path),
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.16" styleCategories="AllStyleCategories">\n  <pipe>\n'
        '    <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">\n'
        f"      <colorPalette>\n{entries}      </colorPalette>\n"
        "    </rasterrenderer>\n  </pipe>\n  <blendMode>0</blendMode>\n</qgis>\n",
    )


def remove_companions(path: str) -> None:
    """Remove what describes an earlier raster of this name: its style and names would be read with the new one."""
    for companion in (f"{path}.aux.xml", _style_path(path)):
        with contextlib.suppress(FileNotFoundError):
            os.remove(companion)


def _style_path(path: str) -> str:
    return os.path.splitext(path)[0] + ".qml"


def _write(path: str, text: str) -> None:
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(text)


def read_category_names(path: str) -> dict[int, str]:
    """The names of the values of a raster's first band from GDAL's auxiliary file beside it; empty where there are none.

    (rasterio does not pass GDAL's category names on.)
    """
    try:
        with open(f"{path}.aux.xml", encoding="utf-8", errors="replace") as file:
            text = file.read(MOST_TEXT)
    except OSError:
        return {}
    listed = re.search(r"<CategoryNames>(.*?)</CategoryNames>", text, re.DOTALL)
    names = re.findall(r"<Category>(.*?)</Category>|<Category\s*/>", listed[1], re.DOTALL) if listed else []
    return {code: unescape(name) for code, name in enumerate(names) if name}
