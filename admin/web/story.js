// An order's whole story: what each store has of it, step by step.
import {$, ask, make, say, sentence, when} from "/assets/client.js?v=0000000000000000";
import {badge, fill} from "/assets/table.js?v=0000000000000000";

const columns = [
    {name: "When", of: (step) => step.at ? when(step.at) : null},
    {name: "Store", of: (step) => step.store},
    {name: "Step", of: (step) => step.step},
    {name: "State", of: (step) => badge(step.state)},
    {name: "", wide: true, of: (step) => step.detail},
    {name: "Place in Kafka", of: (step) => typeof step.partition === "number" ? `${step.partition} / ${step.offset}` : null},
];

function facts(order) {
    const rows = Object.entries(order).filter(([, value]) => value !== null && typeof value !== "object");
    return rows.flatMap(([name, value]) => [make("dt", {text: name.replace(/_/g, " ")}), make("dd", {text: String(value)})]);
}

async function tell(event) {
    event.preventDefault();
    const id = $("story-id").value.trim(), path = `/v1/orders/${encodeURIComponent(id)}`;
    $("story-facts").replaceChildren();
    $("story").replaceChildren();
    say($("story-note"), "Asking …", "");
    try {
        let answer = await ask("GET", `${path}/story`);
        if (answer.status === 404) { // no such order; or a server that only has the ledger's row to tell
            answer = await ask("GET", path);
        }
        if (answer.status !== 200) {
            say($("story-note"), answer.status === 404 ? "No store knows this order." : sentence(answer), "bad");
            return;
        }
        say($("story-note"), "", "");
        $("story-facts").replaceChildren(...facts(answer.body.order || answer.body));
        if (answer.body.steps) {
            fill($("story"), columns, answer.body.steps, "No step is known.");
        }
    } catch {
        say($("story-note"), "No answer.", "bad");
    }
}

export function startStory() {
    $("story-form").addEventListener("submit", tell);
}
