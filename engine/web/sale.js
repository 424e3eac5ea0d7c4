// The sale page: /?sku=42.
//
// A buy is written down in sessionStorage, with its Idempotency-Key, before it is sent first, and is sent until an answer
// says what became of it: after a reload, a timeout or a lost connection with the same key, so it happens once.
import {$, ask, clock, make, problemOf, say, sentence, span} from "/assets/client.js?v=0000000000000000";
import {askWhoYouAre, startAccount} from "/assets/account.js?v=0000000000000000";

const ORDERS = "flash.orders", ORDERS_MAX = 20;
const GIVE_UP_MS = 10 * 60 * 1000, WAIT_MS = [500, 8000];
const QUANTITIES_MAX = 10;
const STATES = {upcoming: ["Coming soon", ""], open: ["On sale", "good"], "sold-out": ["Sold out", "bad"], ended: ["Ended", ""]};
// Answers that end a buy: nothing was reserved, and the same key would say so again.
const REFUSED = {"sold-out": "Sold out. Somebody was faster.", "limit-reached": "You have as many as one buyer may have.",
    "not-started": "The sale has not begun yet.", ended: "The sale is over.", "unknown-sku": "There is no such product.",
    "key-reused": "That buy was made before with another quantity."};

const sku = new URLSearchParams(location.search).get("sku") || "";
const pendingKey = `flash.buy.${sku}`;
const buying = {running: false, stopped: false, wake: null};
let sale = null;

// ---- what is remembered ----

function remembered(name, otherwise) {
    try {
        return JSON.parse(sessionStorage.getItem(name)) || otherwise;
    } catch {
        return otherwise;
    }
}

function remember(name, value) {
    if (value) {
        sessionStorage.setItem(name, JSON.stringify(value));
    } else {
        sessionStorage.removeItem(name);
    }
}

function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

function showOrders() {
    const orders = remembered(ORDERS, []);
    $("orders").hidden = orders.length === 0;
    $("order-list").replaceChildren(...orders.map((id) => make("li", {},
        make("a", {href: `/orders/${encodeURIComponent(id)}`, kind: "code", text: id}))));
}

function keepOrder(id) {
    const orders = remembered(ORDERS, []).filter((other) => other !== id);
    remember(ORDERS, [id, ...orders].slice(0, ORDERS_MAX));
    showOrders();
}

// ---- the sale ----

function stateNow() {
    const now = clock.now();
    if (!sale.starts_at || !sale.ends_at) { // units, and no sale yet
        return sale.state;
    }
    if (now < Date.parse(sale.starts_at)) {
        return "upcoming";
    }
    if (now >= Date.parse(sale.ends_at)) {
        return "ended";
    }
    return sale.state === "sold-out" ? "sold-out" : "open";
}

function showQuantities() {
    const most = Math.min(sale.per_user_limit || QUANTITIES_MAX, QUANTITIES_MAX);
    if ($("quantity").options.length !== most) {
        $("quantity").replaceChildren(...Array.from({length: most}, (_, i) => make("option", {text: String(i + 1)})));
    }
}

function tick() {
    if (!sale) {
        return;
    }
    const state = stateNow(), [word, kind] = STATES[state];
    const until = sale.starts_at && {upcoming: ["Starts in", sale.starts_at], open: ["Ends in", sale.ends_at]}[state];
    say($("state"), word, kind);
    say($("countdown-label"), until ? until[0] : "");
    say($("countdown"), until ? span(Date.parse(until[1]) - clock.now()) : "");
    $("buy-button").disabled = state !== "open" || buying.running;
    $("quantity").disabled = buying.running;
}

function showSale() {
    document.title = sale.title || `Product ${sku}`;
    $("sale").hidden = false;
    say($("title"), sale.title || `Product ${sku}`);
    const left = sale.available;
    say($("available"), stateNow() === "open" ? `About ${left.toLocaleString()} left` : "");
    say($("limit"), sale.per_user_limit ? `At most ${sale.per_user_limit} per buyer.` : "");
    showQuantities();
    tick();
}

function showTrouble(text) {
    $("trouble").hidden = !text;
    say($("trouble"), text);
}

async function look() {
    try {
        const asked = Date.now();
        const answer = await ask("GET", `/v1/sales/${encodeURIComponent(sku)}`);
        if (answer.status === 200) {
            sale = answer.body;
            clock.hear(sale.server_time, asked, Date.now());
            showTrouble("");
            showSale();
        } else {
            showTrouble(answer.status === 404 ? "There is no such sale." : sentence(answer));
        }
    } catch {
        showTrouble("The shop does not answer. Trying again …");
    }
}

// Often while it is open or about to be, seldom else; a little apart from all others.
function lookLater() {
    const soon = !sale || document.hidden ? false : Date.parse(sale.starts_at) - clock.now() < 60000 && stateNow() !== "ended";
    const ms = (document.hidden ? 15000 : soon ? 1000 : 5000) * (.75 + Math.random() / 2);
    setTimeout(async () => {
        await look();
        lookLater();
    }, ms);
}

// ---- buying ----

function pause(ms) {
    return new Promise((resolve) => {
        buying.wake = resolve;
        setTimeout(resolve, ms);
    });
}

// "done", "refused", "sign-in", or for how long to wait before the same request again, in ms.
async function tryOnce(pending, tries) {
    const backoff = Math.min(WAIT_MS[0] * 2 ** Math.min(tries, 10), WAIT_MS[1]) * (.5 + Math.random() / 2);
    let answer;
    try {
        answer = await ask("POST", "/v1/orders", {body: {sku, quantity: pending.quantity},
            headers: {"Idempotency-Key": pending.key}, timeoutMs: 10000});
    } catch {
        say($("outcome"), "No answer. Asking again whether the order was taken …", "warn");
        return backoff;
    }
    if (answer.status === 202) {
        remember(pendingKey, null);
        keepOrder(answer.body.order_id);
        location.assign(`/orders/${encodeURIComponent(answer.body.order_id)}`);
        return "done";
    }
    if (answer.status === 401 || answer.status === 403) {
        say($("outcome"), sentence(answer), "bad");
        askWhoYouAre();
        return "sign-in";
    }
    if (answer.status === 429 || answer.status >= 500) {
        say($("outcome"), "The shop is busy. Trying again with the same order …", "warn");
        return Math.max(Number(answer.headers.get("Retry-After") || 0) * 1000, backoff);
    }
    remember(pendingKey, null);
    say($("outcome"), REFUSED[problemOf(answer)] || sentence(answer), "bad");
    return "refused";
}

async function buy(pending) {
    const end = Date.now() + GIVE_UP_MS;
    buying.running = true;
    buying.stopped = false;
    tick();
    say($("outcome"), "Sending your order …", "");
    for (let tries = 0; ; tries++) {
        const next = await tryOnce(pending, tries);
        if (typeof next !== "number") {
            break;
        }
        $("stop").hidden = false;
        if (Date.now() > end || buying.stopped) {
            break;
        }
        await pause(next);
        if (buying.stopped) {
            say($("outcome"), "Stopped. Whether the order was taken is not known; buying again asks for the same one.", "warn");
            break;
        }
    }
    $("stop").hidden = true;
    buying.running = false;
    tick();
}

function start() {
    startAccount(() => {
        const pending = remembered(pendingKey, null);
        if (pending && !buying.running) {
            buy(pending);
        }
    });
    showOrders();
    $("choose").addEventListener("submit", (event) => {
        event.preventDefault();
        location.assign(`/?sku=${encodeURIComponent($("choose-sku").value)}`);
    });
    if (!/^[1-9][0-9]{0,18}$/.test(sku)) {
        $("choose").hidden = false;
        return;
    }
    $("buy").addEventListener("submit", (event) => {
        event.preventDefault();
        if (buying.running) {
            return;
        }
        const pending = remembered(pendingKey, null) || {key: newKey(), quantity: Number($("quantity").value)};
        remember(pendingKey, pending);
        buy(pending);
    });
    $("stop").addEventListener("click", () => {
        buying.stopped = true;
        buying.wake();
    });
    document.addEventListener("visibilitychange", () => !document.hidden && look());
    setInterval(tick, 200);
    const pending = remembered(pendingKey, null);
    look().then(lookLater);
    if (pending) {
        buy(pending);
    }
}

start();
