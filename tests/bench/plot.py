"""A series as SVG: points on a logarithmic x axis, y from 0. A few lines, no library: what a plot shows is in its table too."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 480, 240, 64, 32, 28, 20


def text(x, y, words, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def label(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"


def svg(title, points):
    """points: {x > 0: y ≥ 0}, at least one."""
    xs, top = sorted(points), max(points.values()) or 1
    span = math.log10(xs[-1] / xs[0]) or 1
    place = {x: (LEFT + (WIDTH - LEFT - RIGHT) * math.log10(x / xs[0]) / span,
                 HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * points[x] / top) for x in xs}
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
             f'<title>{escape(title)}</title>', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(WIDTH / 2, 16, title)]
    for share in (0, 0.5, 1):
        y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
        parts += [f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ccc"/>', text(LEFT - 6, y + 4, label(top * share), "end")]
    parts += [text(place[x][0], HEIGHT - 12, label(x)) for x in xs]
    parts.append(f'<polyline fill="none" stroke="#06c" stroke-width="2" points="'
                 f'{" ".join(f"{x:.1f},{y:.1f}" for x, y in place.values())}"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#06c"/>' for x, y in place.values()]
    return "\n".join([*parts, "</svg>", ""])
