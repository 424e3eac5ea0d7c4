// What the pages of both daemons share: who asks, requests, streams of events, the server's clock.
//
// A token is kept in sessionStorage and sent as a header, never in an address. EventSource cannot send headers, so streams
// are read from fetch (HTML Living Standard §9.2.6 says how they are to be parsed).

const TOKEN = "flash.token";
const REQUEST_MS = 15000;

export function credentials() {
    return sessionStorage.getItem(TOKEN) || "";
}

export function setCredentials(text) {
    if (text) {
        sessionStorage.setItem(TOKEN, text);
    } else {
        sessionStorage.removeItem(TOKEN);
    }
}

// A token has three parts; anything else is a user's name, for a server without authentication.
function authorization() {
    const text = credentials();
    if (!text) {
        return {};
    }
    return text.split(".").length === 3 ? {Authorization: `Bearer ${text}`} : {"X-User-Id": text};
}

// The claim that says who it is, for showing only; the text itself if it is no token.
export function whoIs(text) {
    const parts = text.split(".");
    if (parts.length !== 3) {
        return text;
    }
    try {
        const bytes = Uint8Array.from(atob(parts[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
        return String(JSON.parse(new TextDecoder().decode(bytes)).sub || "");
    } catch {
        return "";
    }
}

// ---- requests ----

// Answers {status, headers, body}; body is null if there is no JSON. Throws when no answer came.
export async function ask(method, path, {body, headers = {}, timeoutMs = REQUEST_MS} = {}) {
    const options = {method, headers: {...authorization(), ...headers}, cache: "no-store", credentials: "same-origin",
        signal: AbortSignal.timeout(timeoutMs)};
    if (body !== undefined) {
        options.headers["Content-Type"] = "application/json";
        options.body = JSON.stringify(body);
    }
    const asked = Date.now();
    const answer = await fetch(path, options);
    const text = await answer.text();
    clock.hear(answer.headers.get("Date"), asked, Date.now());
    let parsed = null;
    try {
        parsed = text ? JSON.parse(text) : null;
    } catch {
        parsed = null;
    }
    return {status: answer.status, headers: answer.headers, body: parsed};
}

// A sentence about an answer that is a problem (RFC 9457).
export function sentence(answer) {
    const body = answer.body || {};
    return body.detail || body.title || `The server answered ${answer.status}.`;
}

// "sold-out" of "/problems/sold-out".
export function problemOf(answer) {
    const type = (answer.body && answer.body.type) || "";
    return String(type).split("/").pop();
}

// ---- the server's clock ----

// Its times to the millisecond are taken over those of Date headers, which are up to a second old; of the former the one
// that travelled shortest counts.
export const clock = {
    offsetMs: 0,
    boundMs: Infinity,
    hear(text, asked, heard) {
        const ms = Date.parse(text || "");
        const exact = /\.\d/.test(text || "");
        const boundMs = (heard - asked) / 2 + (exact ? 0 : 1000);
        if (!Number.isNaN(ms) && boundMs <= this.boundMs) {
            this.boundMs = boundMs;
            this.offsetMs = ms + (exact ? 0 : 500) - (asked + heard) / 2;
        }
    },
    now() {
        return Date.now() + this.offsetMs;
    },
};

// "1 d 02:03:04", "02:03", rounded up so that 0 means that it is over.
export function span(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24;
    const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return days ? `${days} d ${two(hours)}:${rest}` : hours ? `${two(hours)}:${rest}` : rest;
}

export function when(text) {
    const ms = Date.parse(text || "");
    return Number.isNaN(ms) ? "" : new Date(ms).toLocaleString();
}

// ---- streams of events ----

class Lines {
    constructor() {
        this.rest = "";
    }

    // The whole lines of what was read so far.
    take(text) {
        const lines = (this.rest + text).split("\n");
        this.rest = lines.pop();
        return lines;
    }
}

async function readEvents(answer, state, onEvent) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const lines = new Lines();
    let name = "", data = [];
    for (;;) {
        const {value, done} = await reader.read();
        if (done) {
            return;
        }
        state.heard = Date.now();
        for (const line of lines.take(value)) {
            if (line === "") {
                if (data.length) {
                    onEvent(name || "message", data.join("\n"));
                }
                name = "";
                data = [];
                continue;
            }
            const colon = line.indexOf(":");
            const field = colon < 0 ? line : line.slice(0, colon);
            const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
            if (field === "event") {
                name = text;
            } else if (field === "data") {
                data.push(text);
            } else if (field === "id") {
                state.lastId = text;
            }
        }
    }
}

// Reads path's events until close() is called, the server says that no more come, or it refuses; comes back by itself
// after a cut. Tells onEvent(name, data), onOpen(), onLost() before each new try, and onEnd(answer or null) once.
export function follow(path, {onEvent, onOpen, onLost, onEnd, silenceMs = 45000}) {
    const state = {lastId: "", heard: 0, closed: false, abort: null};
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

    async function once() {
        state.abort = new AbortController();
        state.heard = Date.now();
        const watch = setInterval(() => Date.now() - state.heard > silenceMs && state.abort.abort(), 1000);
        try {
            const headers = {...authorization(), Accept: "text/event-stream"};
            if (state.lastId) {
                headers["Last-Event-ID"] = state.lastId;
            }
            const answer = await fetch(path, {headers, cache: "no-store", signal: state.abort.signal});
            if (answer.status !== 200) {
                const text = await answer.text();
                let body = null;
                try {
                    body = JSON.parse(text);
                } catch {
                    body = null;
                }
                return {status: answer.status, body};
            }
            onOpen();
            await readEvents(answer, state, onEvent);
        } catch {
            // cut off: once more
        } finally {
            clearInterval(watch);
        }
        return null;
    }

    (async () => {
        for (let tries = 0; !state.closed; tries++) {
            const before = Date.now();
            const refused = await once();
            if (state.closed) {
                return;
            }
            if (refused && refused.status !== 429) {
                onEnd(refused.status === 204 ? null : refused);
                return;
            }
            tries = Date.now() - before > 10000 ? 0 : tries;
            onLost();
            await pause(Math.min(1000 * 2 ** Math.min(tries, 4), 15000) * (.5 + Math.random() / 2));
        }
    })();
    return {
        close() {
            state.closed = true;
            if (state.abort) {
                state.abort.abort();
            }
        },
    };
}

// ---- the page ----

export const $ = (id) => document.getElementById(id);

// Sets a node's text; untouched if it has it, so that nothing is read out twice.
export function say(node, text, kind) {
    if (node.textContent !== text) {
        node.textContent = text;
    }
    if (kind !== undefined) {
        node.classList.remove("good", "warn", "bad");
        if (kind) {
            node.classList.add(kind);
        }
    }
}

// An element with a text or children in it.
export function make(tag, {text, kind, ...attributes} = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        node.setAttribute(name, value);
    }
    if (kind) {
        node.className = kind;
    }
    if (text !== undefined) {
        node.textContent = text;
    }
    node.append(...children);
    return node;
}
