// Who the buyer is, on both of the shop's pages.
import {$, credentials, say, setCredentials, whoIs} from "/assets/client.js?v=0000000000000000";

function show() {
    const text = credentials();
    say($("who"), text ? `You are ${whoIs(text) || "signed in"}` : "Not signed in");
}

// changed(): somebody else asks from now on.
export function startAccount(changed) {
    show();
    $("account").open = !credentials();
    $("sign-in").addEventListener("submit", (event) => {
        event.preventDefault();
        setCredentials($("token").value.trim());
        $("token").value = "";
        $("account").open = !credentials();
        show();
        changed();
    });
}

// The server does not take what is known of the buyer.
export function askWhoYouAre() {
    $("account").open = true;
    $("token").focus();
}
