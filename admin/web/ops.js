// The dashboard: GET /v1/live, and every few seconds the lists that change seldom. It keeps what it heard for ten minutes.
import {$, ask, credentials, follow, make, say, sentence, setCredentials, when, whoIs} from "/assets/client.js?v=0000000000000000";
import {badge, fill} from "/assets/table.js?v=0000000000000000";
import {draw} from "/assets/chart.js?v=0000000000000000";
import {startStory} from "/assets/story.js?v=0000000000000000";

const SPAN_MS = 10 * 60 * 1000;
const LISTS_MS = 10000;

const history = []; // {at, lag, rates and stocks by SKU}
let view = null, stream = null;

const number = (value) => value === null || value === undefined ? "–" : value.toLocaleString();
const age = (ms) => ms === null || ms === undefined ? "" : ms < 10000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
// What can be sold: of Redis; of the ledger where Redis does not tell.
const left = (sku) => sku.redis ? sku.redis.available : sku.available;

// ---- one view ----

function showParts() {
    $("parts").replaceChildren(...view.parts.map((part) => {
        const made = badge(part.ready ? part.name : `${part.name} is away`, part.ready ? "good" : "bad");
        if (part.reason) {
            made.title = part.reason;
        }
        return made;
    }));
}

function showTiles() {
    const kind = (bad, warn) => bad ? "bad" : warn ? "warn" : "";
    say($("accepted"), number(view.rates.accepted_per_s));
    say($("created"), number(view.rates.created_per_s));
    say($("journal"), number(view.journal.entries), kind(view.journal.oldest_ms > 60000, view.journal.oldest_ms > 5000));
    say($("oldest"), view.journal.oldest_ms === null ? "" : `oldest ${age(view.journal.oldest_ms)}`);
    say($("lag"), number(view.consumer.lag));
    say($("unsettled"), number(view.settle.lag));
    say($("open"), number(view.findings.open), kind(view.findings.open > 0));
    say($("causes"), Object.entries(view.findings.by_cause).map(([cause, count]) => `${cause} ${count}`).join(", "));
    say($("alert-count"), number(view.alerts.length), kind(view.alerts.length > 0));
}

function showAlerts() {
    $("alerts").hidden = view.alerts.length === 0;
    $("alerts").replaceChildren(...view.alerts.map((alert) => make("li", {},
        badge(alert.key, alert.severity === "info" ? "" : alert.severity === "critical" ? "bad" : "warn"),
        ` ${alert.detail} `, make("span", {kind: "small soft", text: `since ${when(alert.since)}`}))));
}

const saleColumns = [
    {name: "Product", wide: true, of: (sku) => `${sku.sku} ${sku.title}`},
    {name: "State", of: (sku) => badge(sku.state)},
    {name: "Gate", of: (sku) => sku.redis ? badge(sku.redis.gate, sku.redis.gate === "open" ? "good" : "bad") : badge("not in Redis", "bad")},
    {name: "Left", of: (sku) => {
        const meter = make("meter", {min: "0", max: String(Math.max(sku.total, 1)), "aria-label": `${left(sku)} of ${sku.total} left`});
        meter.value = Math.max(left(sku), 0);
        return meter;
    }},
    {name: "", number: true, of: left},
    {name: "of", number: true, of: (sku) => sku.total},
    {name: "Reserved", number: true, of: (sku) => sku.reserved},
    {name: "Sold", number: true, of: (sku) => sku.sold},
    {name: "Orders / s", number: true, of: (sku) => sku.redis ? sku.redis.accepted_per_s : null},
    {name: "Journal", number: true, of: (sku) => sku.redis ? sku.redis.journal : null},
    {name: "Ends", of: (sku) => when(sku.ends_at)},
];

function showPick() {
    const wanted = view.skus.map((sku) => sku.sku).join();
    if ($("pick").dataset.skus !== wanted) {
        const chosen = $("pick").value;
        $("pick").replaceChildren(...view.skus.map((sku) => make("option", {value: sku.sku, text: `${sku.sku} ${sku.title}`})));
        $("pick").dataset.skus = wanted;
        if (view.skus.some((sku) => sku.sku === chosen)) {
            $("pick").value = chosen;
        }
    }
}

function showSale() {
    const sku = view.skus.find((other) => other.sku === $("pick").value);
    const series = (of) => history.map((then) => ({at: then.at, value: of(then)}));
    if (sku) {
        $("sale-facts").replaceChildren(badge(sku.state), ...[["total", sku.total], ["reserved", sku.reserved], ["sold", sku.sold],
            ["orders", sku.redis && sku.redis.orders]].map(([name, value]) => make("span", {text: `${name} ${number(value)}`})));
    } else {
        $("sale-facts").replaceChildren(make("span", {kind: "soft", text: "No sale is on, comes, or was over within the hour."}));
    }
    say($("stock-now"), sku ? number(left(sku)) : "");
    say($("rate-now"), sku && sku.redis ? number(sku.redis.accepted_per_s) : "");
    say($("lag-now"), number(view.consumer.lag));
    const id = sku ? sku.sku : "";
    draw($("stock-chart"), series((then) => then.stocks[id]), {name: "Left to sell", most: sku ? Math.max(sku.total, 1) : 1});
    draw($("rate-chart"), series((then) => then.rates[id]), {name: "Orders a second"});
    draw($("lag-chart"), series((then) => then.lag), {name: "Messages waiting"});
}

function remember() {
    const at = Date.parse(view.at), then = {at, lag: view.consumer.lag, stocks: {}, rates: {}};
    for (const sku of view.skus) {
        then.stocks[sku.sku] = sku.redis ? left(sku) : null;
        then.rates[sku.sku] = sku.redis ? sku.redis.accepted_per_s : null;
    }
    history.push(then);
    while (history.length && history[0].at < at - SPAN_MS) {
        history.shift();
    }
}

function show(data) {
    view = JSON.parse(data);
    remember();
    showParts();
    showTiles();
    showAlerts();
    showPick();
    showSale();
    fill($("sales"), saleColumns, view.skus, "No sale is on, comes, or was over within the hour.");
    $("more").hidden = !view.more_skus;
    say($("audit"), view.audit ? `Last audit with findings or by hand: ${when(view.audit.started_at)}, ${view.audit.findings} findings.` : "");
}

// ---- the lists ----

const lowColumns = [
    {name: "Product", wide: true, of: (row) => `${row.product_id} ${row.title}`},
    {name: "Available", number: true, of: (row) => row.available},
    {name: "Threshold", number: true, of: (row) => row.low_stock_threshold},
    {name: "Reserved", number: true, of: (row) => row.reserved},
    {name: "Sold", number: true, of: (row) => row.sold},
];
const runColumns = [
    {name: "Started", of: (row) => when(row.started_at)},
    {name: "Mode", of: (row) => row.mode},
    {name: "State", of: (row) => badge(row.state)},
    {name: "By", of: (row) => row.operator},
    {name: "Findings", number: true, of: (row) => row.findings},
    {name: "Settled", number: true, of: (row) => row.settled},
    {name: "Sent again", number: true, of: (row) => row.resent},
    {name: "Compensated", number: true, of: (row) => row.compensated},
    {name: "", wide: true, of: (row) => row.detail},
];
const findingColumns = [
    {name: "Found", of: (row) => when(row.found_at)},
    {name: "Cause", of: (row) => badge(row.cause, "bad")},
    {name: "Product", of: (row) => row.sku},
    {name: "Units", number: true, of: (row) => row.quantity},
    {name: "Order", of: (row) => row.order_id},
    {name: "", wide: true, of: (row) => row.detail},
];
// A list that this server does not have yet is left out.
const lists = [
    {table: "low", path: "/inventory/low-stock?limit=20", rows: "products", columns: lowColumns, nothing: "Nothing is low."},
    {table: "runs", path: "/v1/reconcile/runs?limit=10", rows: "runs", columns: runColumns, nothing: "No run yet."},
    {table: "findings", path: "/v1/reconcile/findings?state=open&limit=20", rows: "findings", columns: findingColumns, nothing: "None."},
];

async function showList(list) {
    if (list.gone) {
        return;
    }
    try {
        const answer = await ask("GET", list.path);
        const section = $(list.table).closest("section");
        if (answer.status === 404) {
            section.hidden = list.gone = true;
        } else if (answer.status === 200) {
            section.hidden = false;
            fill($(list.table), list.columns, answer.body[list.rows], list.nothing);
        }
    } catch {
        // the badge at the top says that the server does not answer
    }
}

function showLists() {
    if (!document.hidden && !$("board").hidden) {
        lists.forEach(showList);
    }
}

// ---- who looks ----

function signIn(text) {
    $("board").hidden = true;
    $("sign-in").hidden = false;
    say($("refused"), text);
    say($("link"), "signed out", "");
    $("sign-out").hidden = true;
    say($("who"), "");
    $("parts").replaceChildren();
    $("token").focus();
}

function refused(answer) {
    if (answer && (answer.status === 401 || answer.status === 403)) {
        const had = credentials();
        setCredentials("");
        signIn(!had ? "" : answer.status === 401 ? "The token was refused: it is not valid, or not any more."
            : "The token is valid, but its role may not look here.");
    } else {
        say($("link"), answer ? sentence(answer) : "the server ended the stream", "bad");
        setTimeout(watch, 5000);
    }
}

function watch() {
    if (stream) {
        stream.close();
    }
    stream = follow("/v1/live", {
        silenceMs: 30000,
        onOpen: () => {
            const first = $("board").hidden;
            $("sign-in").hidden = true;
            $("board").hidden = false;
            say($("link"), "live", "good");
            say($("who"), credentials() ? whoIs(credentials()) : "");
            $("sign-out").hidden = !credentials();
            if (first) {
                showLists();
            }
        },
        onEvent: (name, data) => name === "pipeline" && show(data),
        onLost: () => say($("link"), "connection lost, trying again", "bad"),
        onEnd: refused,
    });
}

$("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    setCredentials($("token").value.trim());
    $("token").value = "";
    say($("refused"), "");
    watch();
});
$("sign-out").addEventListener("click", () => {
    stream.close();
    setCredentials("");
    history.length = 0;
    signIn("");
});
$("pick").addEventListener("change", () => view && showSale());
document.addEventListener("visibilitychange", showLists);
setInterval(showLists, LISTS_MS);
startStory();
watch();
