/* The tables of verbs and options; see command.h. */
#include "command.h"

#define BIT(name) FLASH_CTL_BIT(FLASH_CTL_##name)

/* Of every verb that asks the server. */
#define SERVER (BIT(ADMIN) | BIT(CONFIG) | BIT(TOKEN_FILE) | BIT(OPERATOR) | BIT(OUTPUT))

const struct flash_ctl_option_row flash_ctl_options[FLASH_CTL_OPTION_COUNT] = {
    [FLASH_CTL_SKU] = {"sku", "N", NULL, "the stock keeping unit"},
    [FLASH_CTL_ORDER] = {"order", "ID", NULL, "the order, <sku>.<ref>"},
    [FLASH_CTL_QUANTITY] = {"quantity", "N", NULL, "units to begin with"},
    [FLASH_CTL_TITLE] = {"title", "TEXT", NULL, "what the sale page shows"},
    [FLASH_CTL_THRESHOLD] = {"threshold", "N", NULL, "low stock from here down (0)"},
    [FLASH_CTL_STARTS] = {"starts", "TIME", NULL, "now, +30m or 2026-11-27T08:00:00Z (now)"},
    [FLASH_CTL_ENDS] = {"ends", "TIME", NULL, "the same; + counts from the start (+1h)"},
    [FLASH_CTL_FOR] = {"for", "TIME", NULL, "how long it is open: 90s, 30m, 1h, 2d (1h)"},
    [FLASH_CTL_LIMIT] = {"limit", "N", NULL, "units one user may buy (1; open: as it was)"},
    [FLASH_CTL_HOLD] = {"hold", "TIME", NULL, "time to pay (30m; open: as it was)"},
    [FLASH_CTL_USER] = {"user", "U", NULL, "whose token it is"},
    [FLASH_CTL_ROLE] = {"role", "ROLE", NULL, "buyer, internal, ops or admin (buyer)"},
    [FLASH_CTL_TTL] = {"ttl", "TIME", NULL, "how long it is valid (1h)"},
    [FLASH_CTL_KEY_FILE] = {"key-file", "FILE", NULL, "its first line is the signing key"},
    [FLASH_CTL_KID] = {"kid", "K", NULL, "the key's name, as the daemons know it"},
    [FLASH_CTL_ADMIN] = {"admin", "URL", "FLASHCTL_ADMIN",
                         "flash-admin's address (http://127.0.0.1:8081)"},
    [FLASH_CTL_CONFIG] = {"config", "FILE", "FLASHCTL_CONFIG",
                          "the daemons' configuration: address and key are taken from it"},
    [FLASH_CTL_TOKEN_FILE] = {"token-file", "FILE", "FLASHCTL_TOKEN_FILE",
                              "its first line is the token to send"},
    [FLASH_CTL_OPERATOR] = {"operator", "U", "FLASHCTL_OPERATOR",
                            "your name in the paper trail, where there is no token"},
    [FLASH_CTL_OUTPUT] = {"output", "FORMAT", "FLASHCTL_OUTPUT", "table or json (table)"},
};

const struct flash_ctl_verb flash_ctl_verbs[] = {
    {"sale", "create", "make a SKU with its stock and put it on sale", BIT(SKU) | BIT(QUANTITY),
     BIT(TITLE) | BIT(THRESHOLD) | BIT(STARTS) | BIT(ENDS) | BIT(LIMIT) | BIT(HOLD) | SERVER,
     FLASH_CTL_SKU,
     "flashctl sale create --sku 42 --quantity 10000 --title 'Shoe 42' --limit 2\n"
     "flashctl sale create --sku 42 --quantity 500 --starts 2026-11-27T08:00:00Z --ends +2h\n",
     flash_ctl_sale_create},
    {"sale", "open", "open a SKU's sale now", BIT(SKU), BIT(FOR) | BIT(LIMIT) | BIT(HOLD) | SERVER,
     FLASH_CTL_SKU, "flashctl sale open --sku 42 --for 30m\n", flash_ctl_sale_open},
    {"sale", "show", "show a SKU's sale and what is left", BIT(SKU), SERVER, FLASH_CTL_SKU,
     "flashctl sale show 42\n"
     "flashctl sale show --sku 42 --output json | jq .stock.available\n",
     flash_ctl_sale_show},
    {"stock", "show", "show a SKU's stock in the ledger", BIT(SKU), SERVER, FLASH_CTL_SKU,
     "flashctl stock show 42\n", flash_ctl_stock_show},
    {"order", "show", "show an order in the ledger and the entry that made it", BIT(ORDER), SERVER,
     FLASH_CTL_ORDER, "flashctl order show 42.k3J9Zt0mVtYb1pZpV3x0Ag\n", flash_ctl_order_show},
    {"token", NULL, "issue a token; asks no server", BIT(USER),
     BIT(ROLE) | BIT(TTL) | BIT(SKU) | BIT(KEY_FILE) | BIT(KID) | BIT(CONFIG) | BIT(OUTPUT),
     FLASH_CTL_OPTION_COUNT,
     "flashctl token --user alice --key-file /etc/flashgate/jwt.key\n"
     "flashctl token --user ops-1 --role admin --ttl 8h --config /etc/flashgate/flashgate.conf\n",
     flash_ctl_token},
};
const int flash_ctl_verb_count = sizeof(flash_ctl_verbs) / sizeof(flash_ctl_verbs[0]);
