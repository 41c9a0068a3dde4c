"""Pages in headless Chromium: what they look like, and where the drawings are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import numpy as np
from PIL import Image

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHOUT = "no Chromium in $PATH: on Debian or Ubuntu, apt install chromium"

WIDTH = 1100

OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
)

MEASURE = """
<pre id="measured"></pre>
<script>
const found = [...document.querySelectorAll("SELECTOR")].map(element => {
  const box = element.getBoundingClientRect();
  const frame = (element.closest(".ez-wide") || document.body).getBoundingClientRect();
  const right = Math.min(box.right, frame.right), bottom = Math.min(box.bottom, frame.bottom);
  return [element.tagName, box.left, box.top + scrollY, right - box.left, bottom - box.top];
});
document.getElementById("measured").textContent =
  JSON.stringify([document.documentElement.scrollHeight, found]);
</script>
"""


@dataclass(frozen=True)
class Seen:
    """An element as it is seen.

    Args:
        kind: Of element.
        pixels: [height, width, 3], from 0 to 1.
    """

    kind: str
    pixels: np.ndarray

    @property
    def background(self) -> np.ndarray:
        """The colour that most pixels have."""
        colours = Counter(map(bytes, (255 * self.pixels.reshape(-1, 3)).round().astype(np.uint8)))
        return np.frombuffer(colours.most_common(1)[0][0], np.uint8) / 255

    @property
    def drawn(self) -> float:
        """The part of pixels that differ from the background."""
        return float(np.mean(np.abs(self.pixels - self.background).max(axis=2) > 0.04))

    @property
    def contrast(self) -> float:
        """The contrast ratio of WCAG 2.1 of the background and what stands out most: text."""
        levels, back = _luminance(self.pixels), _luminance(self.background)
        return float(max((levels.max() + 0.05) / (back + 0.05), (back + 0.05) / (levels.min() + 0.05)))

    @property
    def coloured(self) -> float:
        """The part of pixels that are of a colour, rather than gray."""
        return float(np.mean(np.ptp(self.pixels, axis=2) > 0.15))


def _luminance(colour: np.ndarray) -> np.ndarray:
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def seen(
    html: str, selector: str, folder: Path, *, dark: bool, width: int = 1100, keep: Path | None = None
) -> list[Seen]:
    """The elements of a page that are shown.

    Args:
        html: The page.
        selector: Of the elements.
        folder: For files.
        dark: What the browser says that the reader prefers.
        keep: Where the picture of the whole page is kept.
    """
    page, shot = folder / "page.html", folder / "page.png"
    page.write_text(html.replace("</body>", MEASURE.replace("SELECTOR", selector) + "</body>"), encoding="utf-8")
    dom = _run(page, folder, dark, 800, "--dump-dom")
    measured = re.search(r'<pre id="measured">(.*?)</pre>', dom, re.DOTALL)
    assert measured, dom[:2000]
    height, boxes = json.loads(unescape(measured[1]))
    _run(page, folder, dark, height, f"--screenshot={shot}")
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert("RGB")) / 255
    if keep is not None:
        shutil.copyfile(shot, keep)
    return [
        Seen(kind, pixels[int(top) : int(top + tall), int(left) : int(left + wide)])
        for kind, left, top, wide, tall in boxes
        if wide > 1 and tall > 1
    ]


def _run(page: Path, folder: Path, dark: bool, height: int, what: str) -> str:
    assert CHROMIUM is not None
    theme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    command = [CHROMIUM, *OPTIONS, *theme, f"--user-data-dir={folder / 'profile'}", f"--window-size={WIDTH},{height}"]
    done = subprocess.run([*command, what, page.as_uri()], capture_output=True, text=True, timeout=100, check=True)
    return done.stdout
