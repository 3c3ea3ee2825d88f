"""HTML reports: whole, escaped, self-contained."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import CannotWrite
from core.page import picture, section, swatch, table, write_page


def test_a_page_escapes_what_users_name(tmp_path: Path) -> None:
    path = tmp_path / "p.html"
    write_page(str(path), "<b>&", section("Farm & <i>", table([("a<b", 1234, 0.5, None)], ("x<", "n", "f", "?"))))
    text = path.read_text(encoding="utf-8")
    assert "<b>&" not in text and "&lt;b&gt;&amp;" in text and "Farm &amp; &lt;i&gt;" in text
    assert "<td>a&lt;b</td>" in text and '<td class="number">1,234</td>' in text and '<td class="number">0.500</td>' in text
    assert '<td class="number">–</td>' in text


def test_without_a_header_the_first_cell_is_the_heading() -> None:
    assert table([("Size", 3)]) == "<table><tbody>\n<tr><th>Size</th><td>3</td></tr>\n</tbody></table>\n"


def test_pictures_and_colours_are_inside() -> None:
    assert 'src="data:image/png;base64,AAE=" alt="x &quot;y&quot;"' in picture(b"\x00\x01", 'x "y"')
    assert "background:#0a0b0c" in table([("c", swatch((10, 11, 12), "a&b"))]) and "a&amp;b" in swatch((0, 0, 0), "a&b")


def test_no_folder_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        write_page(str(tmp_path / "no" / "p.html"), "t")
