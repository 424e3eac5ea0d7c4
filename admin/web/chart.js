// A line over time in an SVG, drawn anew for each value: points of {at (ms), value or null}.

const HEIGHT = 160, TOP = 12, BOTTOM = 20;
const SPAN_MS = [60000, 600000]; // that is shown, at least and at most
const NS = "http://www.w3.org/2000/svg";

function node(tag, attributes, text) {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) {
        made.setAttribute(name, value);
    }
    if (text !== undefined) {
        made.textContent = text;
    }
    return made;
}

// The next 1, 2 or 5 times a power of ten.
function roundUp(number) {
    const power = 10 ** Math.floor(Math.log10(Math.max(number, 1)));
    return [1, 2, 5, 10].map((times) => times * power).find((round) => round >= number);
}

// What is known, in pieces without a gap.
function pieces(points) {
    const found = [];
    let piece = null;
    for (const point of points) {
        if (point.value === null || point.value === undefined) {
            piece = null;
        } else if (piece) {
            piece.push(point);
        } else {
            found.push(piece = [point]);
        }
    }
    return found;
}

export function draw(svg, points, {name, most}) {
    const width = svg.clientWidth || 400;
    const known = points.filter((point) => point.value !== null && point.value !== undefined);
    const end = points.length ? points[points.length - 1].at : Date.now();
    const highest = most || roundUp(Math.max(1, ...known.map((point) => point.value)));
    const spanMs = Math.min(Math.max(points.length ? end - points[0].at : 0, SPAN_MS[0]), SPAN_MS[1]);
    const x = (at) => width * (1 - (end - at) / spanMs);
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(value, highest) / highest);
    const nodes = [
        node("line", {class: "grid", x1: 0, x2: width, y1: y(0), y2: y(0)}),
        node("line", {class: "grid", x1: 0, x2: width, y1: y(highest), y2: y(highest)}),
        node("text", {x: 0, y: y(highest) + 14}, highest.toLocaleString()),
        node("text", {x: 0, y: HEIGHT - 5}, spanMs < 120000 ? `${Math.round(spanMs / 1000)} s ago` : `${Math.round(spanMs / 60000)} min ago`),
        node("text", {x: width, y: HEIGHT - 5, "text-anchor": "end"}, "now"),
    ];
    for (const piece of pieces(points)) {
        const line = piece.map((point) => `${x(point.at).toFixed(1)},${y(point.value).toFixed(1)}`).join(" ");
        const first = x(piece[0].at).toFixed(1), last = x(piece[piece.length - 1].at).toFixed(1);
        nodes.push(node("polygon", {class: "area", points: `${first},${y(0)} ${line} ${last},${y(0)}`}),
            node("polyline", {class: "line", points: line}));
    }
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const last = known.length ? known[known.length - 1].value : null;
    svg.setAttribute("aria-label", last === null ? `${name}: not known`
        : `${name}: ${last.toLocaleString()} now, at most ${Math.max(...known.map((point) => point.value)).toLocaleString()}`);
    svg.replaceChildren(...nodes);
}
