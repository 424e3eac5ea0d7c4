// The order page: /orders/{id}.
//
// The order's changes come as events; where a stream is not to be had, by requests that the server holds until something
// has changed.
import {$, ask, clock, follow, make, say, sentence, span, when} from "/assets/client.js?v=0000000000000000";
import {askWhoYouAre, startAccount} from "/assets/account.js?v=0000000000000000";

const id = decodeURIComponent(location.pathname.slice("/orders/".length));
const path = `/v1/orders/${encodeURIComponent(id)}`;
const HOLD_S = 20;
const POLL_S = 60; // then it tries to follow again

// state: [word, kind of badge, what it means, steps with the last one now, is the end]
const WAY = ["Received", "Confirmed", "Paid"];
const STATES = {
    QUEUED: ["Received", "warn", "Your units are reserved. The order is being recorded.", ["Received"], false],
    CREATED: ["Confirmed", "good", "Your order is confirmed. Please pay in time.", ["Received", "Confirmed"], false],
    PAID: ["Paid", "good", "Paid. Thank you.", WAY, false],
    CANCELLING: ["Being cancelled", "warn", "The order is being cancelled.", ["Received", "Cancelled"], false],
    CANCELLED: ["Cancelled", "", "The order was cancelled.", ["Received", "Cancelled"], true],
    EXPIRING: ["Time is up", "warn", "The time to pay is over.", ["Received", "Expired"], false],
    EXPIRED: ["Expired", "bad", "It was not paid in time, and the units went back on sale.", ["Received", "Expired"], true],
    RETURNING: ["Being returned", "warn", "The order is being returned.", ["Received", "Confirmed", "Paid", "Returned"], false],
    RETURNED: ["Returned", "", "The order was returned.", ["Received", "Confirmed", "Paid", "Returned"], true],
    FAILED: ["Failed", "bad", "The order could not be recorded. Nothing is owed.", ["Received", "Failed"], true],
};

let order = null, stream = null, turn = 0;

function showSteps(state) {
    const way = state[3], planned = way.every((step) => WAY.includes(step)) ? WAY : way;
    $("steps").replaceChildren(...planned.map((step, i) => {
        const last = i === way.length - 1, done = i < way.length && (!last || step === "Paid");
        const node = make("li", {text: step, kind: i >= way.length ? "" : done ? "done" : WAY.includes(step) ? "now" : "bad"});
        if (last) {
            node.setAttribute("aria-current", "step");
        }
        return node;
    }));
}

function tick() {
    const due = order && order.pay_by && (order.status === "QUEUED" || order.status === "CREATED");
    $("pay").hidden = !due;
    say($("countdown"), due ? span(Date.parse(order.pay_by) - clock.now()) : "");
}

function show(next) {
    if (order && next.version < order.version) {
        return;
    }
    order = next;
    const state = STATES[order.status] || [order.status, "", "", [], false];
    say($("state"), state[0], state[1]);
    say($("meaning"), order.reason ? `${state[2]} (${order.reason})` : state[2]);
    showSteps(state);
    say($("order"), order.order_id);
    say($("sku"), order.sku);
    say($("quantity"), String(order.quantity));
    say($("changed"), when(order.updated_at));
    $("back").href = `/?sku=${encodeURIComponent(order.sku)}`;
    $("cancel").hidden = order.status !== "CREATED";
    document.title = `${state[0]} – order`;
    tick();
}

// ---- how changes come ----

function isOver() {
    return Boolean(order && STATES[order.status] && STATES[order.status][4]);
}

function refused(answer) {
    say($("link"), "");
    if (answer.status === 401 || answer.status === 403) {
        say($("meaning"), "Please say who you are to see this order.");
        askWhoYouAre();
    } else if (answer.status === 404) {
        say($("state"), "Not found", "bad");
        say($("meaning"), "You have no such order.");
        $("account").open = true;
    } else {
        say($("meaning"), sentence(answer));
    }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Where the engine has no place to hold the page, it asks every few seconds, and none in step with others.
const someSeconds = () => 2000 + Math.random() * 3000;

async function poll(mine) {
    const until = Date.now() + POLL_S * 1000;
    let tag = "";
    while (mine === turn && !isOver()) {
        if (Date.now() > until) {
            watch();
            return;
        }
        const asked = Date.now();
        try {
            const headers = tag ? {"If-None-Match": tag, Prefer: `wait=${HOLD_S}`} : {};
            const answer = await ask("GET", path, {headers, timeoutMs: (HOLD_S + 10) * 1000});
            if (mine !== turn) {
                return;
            }
            if (answer.status === 200) {
                say($("link"), "up to date");
                tag = answer.headers.get("ETag") || "";
                show(answer.body);
                await pause(tag ? 200 : someSeconds());
            } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
                refused(answer);
                return;
            } else {
                await pause(answer.status === 304 && Date.now() - asked > 1000 ? 200 : someSeconds());
            }
        } catch {
            say($("link"), "connection lost, trying again");
            await pause(someSeconds());
        }
    }
    say($("link"), "");
}

function watch() {
    const mine = ++turn;
    if (stream) {
        stream.close();
    }
    say($("link"), "connecting");
    stream = follow(`${path}/events`, {
        onEvent: (name, data) => name === "status" && mine === turn && show(JSON.parse(data)),
        onOpen: () => say($("link"), "live"),
        onLost: () => mine === turn && say($("link"), isOver() ? "" : "connection lost, trying again"),
        onEnd: (answer) => {
            if (mine !== turn) {
                return;
            }
            if (!answer) {
                say($("link"), "");
            } else if (answer.status >= 500) {
                poll(mine);
            } else {
                refused(answer);
            }
        },
    });
}

// ---- cancelling ----

async function cancel() {
    $("confirm").close();
    $("cancel").disabled = true;
    say($("outcome"), "", "");
    try {
        const answer = await ask("POST", `${path}/cancel`);
        if (answer.status !== 202) {
            say($("outcome"), answer.status === 409 ? "It can no longer be cancelled." : sentence(answer), "bad");
        }
    } catch {
        say($("outcome"), "No answer. The page shows what became of it; cancelling again does no harm.", "warn");
    }
    $("cancel").disabled = false;
}

$("cancel").addEventListener("click", () => $("confirm").showModal());
$("confirm-yes").addEventListener("click", cancel);
$("confirm-no").addEventListener("click", () => $("confirm").close());
startAccount(watch);
setInterval(tick, 250);
say($("order"), id);
ask("GET", path).then((answer) => answer.status === 200 && show(answer.body)).catch(() => {}).finally(watch);
