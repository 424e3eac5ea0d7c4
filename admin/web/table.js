// Rows as a table: columns are {name, of(row) → text or node, number, wide}.
import {make} from "/assets/client.js?v=0000000000000000";

function cell(column, row) {
    const value = column.of(row);
    const made = make("td", {kind: column.number ? "n" : column.wide ? "wide" : ""});
    made.append(value === null || value === undefined ? "–" : typeof value === "number" ? value.toLocaleString() : value);
    return made;
}

export function fill(table, columns, rows, nothing) {
    const head = make("tr", {}, ...columns.map((column) => make("th", {scope: "col", text: column.name, kind: column.number ? "n" : ""})));
    const body = rows.map((row) => make("tr", {}, ...columns.map((column) => cell(column, row))));
    if (!rows.length) {
        body.push(make("tr", {}, make("td", {text: nothing, kind: "soft", colspan: String(columns.length)})));
    }
    table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
}

const KINDS = {open: "good", there: "good", done: "good", ended: "", closed: "", upcoming: "", "sold-out": "warn", waiting: "warn", running: "warn",
    missing: "bad", failed: "bad", stopped: "bad"};

export function badge(text, kind) {
    return make("span", {kind: `badge ${kind === undefined ? KINDS[text] || "" : kind}`, text});
}
