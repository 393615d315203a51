"""Draw the nine rooms of `lib` and the imports between them as SVG, for CONTRIBUTING.md: `make rooms`.

Rooms and floors are those of the table in `lib/__init__.py`, arrows those of the code: room A points at room B where a
module of A imports one of B. An arrow that follows from two others is left out, so that the picture stays calm.
"""

import re
import sys
from html import escape
from itertools import groupby

import lib
from lib.base.digests import imported
from lib.base.files import ROOT

ROOM = re.compile(r"^\| (\d) \| `(\w+)` \| (.+) \|$", re.MULTILINE)
WIDTH, HEIGHT, STEP = 560, 44, 78  # of a whole floor, of a room, from floor to floor (pixels)


def arrows() -> set[tuple[str, str]]:
    """Which room imports from which, without what follows by way of a third."""
    direct = set()
    for path in (ROOT / "lib").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for other in imported(module):
            if "." in module and "." in other and module.split(".")[1] != other.split(".")[1]:
                direct.add((module.split(".")[1], other.split(".")[1]))

    def reaches(start: str, end: str) -> bool:
        return (start, end) in direct or any(reaches(middle, end) for first, middle in direct if first == start)

    return {
        (start, end)
        for start, end in direct
        if not any(first == start and middle != end and reaches(middle, end) for first, middle in direct)
    }


def drawn() -> str:
    """The picture as SVG."""
    rooms = ROOM.findall(lib.__doc__ or "")
    floors = [list(group) for _, group in groupby(rooms, key=lambda room: room[0])]
    place = {}
    for row, floor in enumerate(floors):
        width = (WIDTH - 20 * (len(floor) - 1)) / len(floor)
        for column, (_, name, about) in enumerate(floor):
            place[name] = (10 + column * (width + 20), 10 + row * STEP, width, about)
    parts = []
    for start, end in sorted(arrows()):
        (x1, y1, width1, _), (x2, y2, width2, _) = place[start], place[end]
        # Straight down where the two rooms overlap, else from the middle of one to the middle of the other.
        low, high = max(x1, x2), min(x1 + width1, x2 + width2)
        middle = (low + high) / 2
        ends = (middle, middle) if low < high else (x1 + width1 / 2, x2 + width2 / 2)
        parts.append(
            f'<line x1="{ends[0]:g}" y1="{y1 + HEIGHT:g}" x2="{ends[1]:g}" y2="{y2 - 3:g}" '
            'stroke="#666" stroke-width="1.5" marker-end="url(#tip)"/>'
        )
    for name, (x, y, width, about) in place.items():
        words = about if len(about) * 5.4 < width else about[: int(width / 5.4)].rsplit(",", 1)[0] + " ..."
        parts += [
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{HEIGHT}" rx="4" fill="#fff" stroke="#0072B2"/>',
            f'<text x="{x + 10:g}" y="{y + 18:g}" font-weight="bold">{name}</text>',
            f'<text x="{x + 10:g}" y="{y + 35:g}" font-size="11" fill="#444">{escape(words)}</text>',
        ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 20} {STEP * len(floors)}" '
        'font-family="sans-serif" font-size="14">\n<title>The nine rooms of lib and the imports between them</title>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#666"/></marker></defs>\n<rect width="100%" height="100%" fill="#fff"/>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


if __name__ == "__main__":
    sys.stdout.write(drawn())
