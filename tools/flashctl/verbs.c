/* The table of verbs; see command.h. Those of a noun stand together. */
#include "verbs.h"

#include "list.h"

#define BIT(name) FLASH_CTL_BIT(FLASH_CTL_##name)

/* Of every verb that asks a server. */
#define ACCESS                                                                                     \
    (BIT(PROFILE) | BIT(ADMIN) | BIT(CONFIG) | BIT(TOKEN_FILE) | BIT(OPERATOR) | BIT(OUTPUT))
#define TERMS (BIT(LIMIT) | BIT(HOLD))
#define WINDOW (BIT(STARTS) | BIT(ENDS))
#define WAITS (BIT(WAIT) | BIT(TIMEOUT))
#define SPAN (BIT(FROM) | BIT(TO))
#define THREE (BIT(ENGINE) | BIT(CONSUMER) | BIT(RECONCILER))

const struct flash_ctl_verb flash_ctl_verbs[] = {
    {"sale", "create", "make a SKU with its stock and put it on sale",
     .needs = BIT(SKU) | BIT(QUANTITY),
     .takes = BIT(TITLE) | BIT(THRESHOLD) | WINDOW | TERMS | ACCESS, .bare = {FLASH_CTL_SKU},
     .act = flash_ctl_sale_create,
     .examples =
         "flashctl sale create --sku 42 --quantity 10000 --title 'Shoe 42' --limit 2\n"
         "flashctl sale create 42 --quantity 500 --starts 2026-11-27T08:00:00Z --ends +2h\n"},
    {"sale", "show", "show a SKU's sale and what is left", .needs = BIT(SKU), .takes = ACCESS,
     .bare = {FLASH_CTL_SKU}, .act = flash_ctl_look, .path = "/v1/sales/*",
     .examples = "flashctl sale show 42\n"
                 "flashctl sale show --sku 42 --output json | jq .stock.available\n"},
    {"sale", "list", "show all sales", .takes = BIT(STATE) | BIT(ROWS) | ACCESS,
     .states = "all|upcoming|open|sold-out|ended|closed", .act = flash_ctl_list_run,
     .list = &flash_ctl_list_sales,
     .examples = "flashctl sale list\n"
                 "flashctl sale list --state open --output csv\n"},
    {"sale", "open", "open a SKU's sale now", .needs = BIT(SKU), .takes = BIT(FOR) | TERMS | ACCESS,
     .bare = {FLASH_CTL_SKU}, .act = flash_ctl_sale_open,
     .examples = "flashctl sale open --sku 42 --for 30m\n"},
    {"sale", "change", "change a sale's window, limit or hold; what is not given stays",
     .needs = BIT(SKU), .takes = WINDOW | TERMS | ACCESS, .bare = {FLASH_CTL_SKU},
     .act = flash_ctl_sale_change,
     .examples = "flashctl sale change 42 --limit 1\n"
                 "flashctl sale change 42 --ends 2026-11-27T10:30:00Z --hold 10m\n"},
    {"sale", "close", "close a sale: no engine takes an order of it any more", .needs = BIT(SKU),
     .takes = WAITS | ACCESS, .bare = {FLASH_CTL_SKU}, .act = flash_ctl_sale_close,
     .examples = "flashctl sale close 42\n"
                 "flashctl sale close 42 --wait --timeout 2m\n"},
    {"stock", "create", "make a SKU with its stock, without a sale",
     .needs = BIT(SKU) | BIT(QUANTITY), .takes = BIT(TITLE) | BIT(THRESHOLD) | ACCESS,
     .bare = {FLASH_CTL_SKU, FLASH_CTL_QUANTITY}, .act = flash_ctl_stock_create,
     .examples = "flashctl stock create 42 10000 --title 'Shoe 42' --threshold 100\n"},
    {"stock", "show", "show a SKU's stock in the ledger", .needs = BIT(SKU), .takes = ACCESS,
     .bare = {FLASH_CTL_SKU}, .act = flash_ctl_look, .path = "/inventory/product/*",
     .examples = "flashctl stock show 42\n"},
    {"stock", "list", "show the stock of all SKUs", .takes = BIT(TITLE) | BIT(ROWS) | ACCESS,
     .act = flash_ctl_list_run, .list = &flash_ctl_list_stock,
     .examples = "flashctl stock list\n"
                 "flashctl stock list --title Shoe --output jsonl | jq .available\n"},
    {"stock", "low", "show the SKUs at their threshold or under it", .takes = BIT(ROWS) | ACCESS,
     .act = flash_ctl_list_run, .list = &flash_ctl_list_low, .examples = "flashctl stock low\n"},
    {"stock", "restock", "add units that came; they can be sold at once",
     .needs = BIT(SKU) | BIT(UNITS) | BIT(REASON) | BIT(REFERENCE), .takes = ACCESS,
     .bare = {FLASH_CTL_SKU, FLASH_CTL_UNITS}, .act = flash_ctl_stock_restock,
     .examples =
         "flashctl stock restock 42 500 --reason 'second delivery' --reference note-2026-117\n"},
    {"stock", "adjust", "correct a SKU's units, up or down",
     .needs = BIT(SKU) | BIT(DELTA) | BIT(REASON) | BIT(REFERENCE), .takes = WAITS | ACCESS,
     .bare = {FLASH_CTL_SKU, FLASH_CTL_DELTA}, .act = flash_ctl_stock_adjust,
     .examples = "flashctl stock adjust 42 -5 --reason 'broken in transit' --reference b-31\n"
                 "flashctl stock adjust 42 +2 --reason 'found again' --reference b-32 --wait\n"},
    {"stock", "threshold", "set from where down a SKU's stock is low",
     .needs = BIT(SKU) | BIT(THRESHOLD), .takes = ACCESS,
     .bare = {FLASH_CTL_SKU, FLASH_CTL_THRESHOLD}, .act = flash_ctl_stock_threshold,
     .examples = "flashctl stock threshold 42 100\n"},
    {"order", "show", "show an order in the ledger and the entry that made it", .needs = BIT(ORDER),
     .takes = ACCESS, .bare = {FLASH_CTL_ORDER}, .act = flash_ctl_look, .path = "/v1/orders/*",
     .examples = "flashctl order show 42.k3J9Zt0mVtYb1pZpV3x0Ag\n"},
    {"order", "list", "show orders in the ledger",
     .takes = BIT(SKU) | BIT(USER) | BIT(STATE) | SPAN | BIT(ROWS) | ACCESS,
     .states = "all|CREATED|PAID|CANCELLED|EXPIRED|RETURNED|FAILED", .act = flash_ctl_list_run,
     .list = &flash_ctl_list_orders,
     .examples = "flashctl order list --sku 42 --state CREATED --from -1h\n"
                 "flashctl order list --user alice --rows all --output csv\n"},
    {"order", "story", "tell all that happened to an order, step by step", .needs = BIT(ORDER),
     .takes = ACCESS, .bare = {FLASH_CTL_ORDER}, .act = flash_ctl_order_story,
     .path = "/v1/orders/*/story", .examples = "flashctl order story 42.k3J9Zt0mVtYb1pZpV3x0Ag\n"},
    {"order", "expire", "expire the orders whose time to pay is over, now", .takes = ACCESS,
     .act = flash_ctl_order_expire, .examples = "flashctl order expire\n"},
    {"refund", "list", "show the payments that came too late and have to be given back",
     .takes = BIT(SKU) | BIT(STATE) | BIT(ROWS) | ACCESS, .states = "due|done|all",
     .act = flash_ctl_list_run, .list = &flash_ctl_list_refunds,
     .examples =
         "flashctl refund list\n"
         "flashctl refund list --sku 42 --state all --output json | jq '.refunds | length'\n"},
    {"refund", "done", "say that a payment was given back",
     .needs = BIT(ORDER) | BIT(PAYMENT) | BIT(REFERENCE), .takes = ACCESS,
     .bare = {FLASH_CTL_ORDER, FLASH_CTL_PAYMENT}, .act = flash_ctl_refund_done,
     .examples = "flashctl refund done 42.k3J9Zt0mVtYb1pZpV3x0Ag pay-7 --reference re-9912\n"},
    {"log", NULL, "show who changed a SKU's stock, when and why, the youngest first",
     .needs = BIT(SKU),
     .takes = BIT(TYPE) | BIT(ORDER) | BIT(USER) | BIT(BY) | SPAN | BIT(LINES) | BIT(ROWS) | ACCESS,
     .bare = {FLASH_CTL_SKU}, .act = flash_ctl_list_run, .list = &flash_ctl_list_log,
     .examples = "flashctl log 42\n"
                 "flashctl log 42 --type restock --by anna --from -2d --rows all\n"
                 "flashctl log 42 --order 42.k3J9Zt0mVtYb1pZpV3x0Ag --lines\n"},
    {"export", "stock", "write the stock of all SKUs", .takes = BIT(FILE) | BIT(TITLE) | ACCESS,
     .act = flash_ctl_export_run, .list = &flash_ctl_list_stock,
     .examples = "flashctl export stock --file stock.csv\n"},
    {"export", "log", "write the log of a SKU, or of all, one after the other",
     .takes = BIT(FILE) | BIT(SKU) | BIT(TYPE) | BIT(ORDER) | BIT(USER) | BIT(BY) | SPAN |
              BIT(LINES) | ACCESS,
     .bare = {FLASH_CTL_SKU}, .act = flash_ctl_export_run, .list = &flash_ctl_list_log,
     .examples = "flashctl export log 42 --file log-42.csv\n"
                 "flashctl export log --from -1d --output jsonl | gzip > log.jsonl.gz\n"},
    {"export", "orders", "write the orders in the ledger",
     .takes = BIT(FILE) | BIT(SKU) | BIT(USER) | BIT(STATE) | SPAN | ACCESS,
     .states = "all|CREATED|PAID|CANCELLED|EXPIRED|RETURNED|FAILED", .act = flash_ctl_export_run,
     .list = &flash_ctl_list_orders,
     .examples = "flashctl export orders --sku 42 --state PAID --file paid.csv\n"},
    {"import", NULL, "take in a CSV file of SKUs and units, all of it or nothing",
     .needs = BIT(FILE), .takes = BIT(CHECK) | BIT(REASON) | BIT(REFERENCE) | ACCESS,
     .bare = {FLASH_CTL_FILE}, .run = flash_ctl_import_run,
     .examples = "flashctl import delivery.csv --check\n"
                 "flashctl import delivery.csv --reference note-2026-117\n"},
    {"reconcile", "runs", "show what flash-reconciler did, the youngest first",
     .takes = BIT(MODE) | BIT(STATE) | BIT(ROWS) | ACCESS,
     .states = "all|running|done|planned|applied|stale|stopped|failed", .act = flash_ctl_list_run,
     .list = &flash_ctl_list_runs,
     .examples = "flashctl reconcile runs --mode recover --rows 10\n"},
    {"reconcile", "findings", "show what it found amiss, the youngest first",
     .takes = BIT(CAUSE) | BIT(STATE) | BIT(SKU) | BIT(RUN) | BIT(ROWS) | ACCESS,
     .states = "all|open|planned|applied|refused|gone", .act = flash_ctl_list_run,
     .list = &flash_ctl_list_findings,
     .examples = "flashctl reconcile findings --state open\n"
                 "flashctl reconcile findings --sku 42 --output csv\n"},
    {"reconcile", "report", "show one run with its findings", .needs = BIT(RUN), .takes = ACCESS,
     .bare = {FLASH_CTL_RUN}, .act = flash_ctl_reconcile_report,
     .examples = "flashctl reconcile report 0192f0c1-8a4e-7c3a-9d5b-3f2e1d0c9b8a\n"},
    {"reconcile", "run", "ask for a pass over all journals, now", .takes = ACCESS,
     .act = flash_ctl_reconcile_run, .examples = "flashctl reconcile run\n"},
    {"status", NULL, "ask every daemon whether its parts are ready, and why not",
     .takes = THREE | ACCESS, .act = flash_ctl_status,
     .examples = "flashctl status --config /etc/flashgate/flashgate.conf\n"
                 "flashctl status --profile shop-2 --output json\n"},
    {"top", NULL, "watch a sale live: rates, stock, journals, lags, findings",
     .takes = BIT(INTERVAL) | BIT(FRAMES) | ACCESS, .act = flash_ctl_top, .path = "/v1/pipeline",
     .examples = "flashctl top\n"
                 "flashctl top --interval 10s --frames 6 --output csv > minute.csv\n"},
    {"token", NULL, "issue a token; asks no server", .needs = BIT(USER),
     .takes = BIT(ROLE) | BIT(TTL) | BIT(SKU) | BIT(KEY_FILE) | BIT(KID) | BIT(PROFILE) |
              BIT(CONFIG) | BIT(OUTPUT),
     .run = flash_ctl_token,
     .examples = "flashctl token --user alice --key-file /etc/flashgate/jwt.key\n"
                 "flashctl token --user ops-1 --role admin --ttl 8h --config "
                 "/etc/flashgate/flashgate.conf\n"},
};
const int flash_ctl_verb_count = sizeof(flash_ctl_verbs) / sizeof(flash_ctl_verbs[0]);

const struct flash_ctl_noun flash_ctl_nouns[] = {
    {"sale", "make sales, open, change and close them"},
    {"stock", "what is there, what came, what is missing"},
    {"order", "orders as the ledger has them"},
    {"refund", "payments that came too late"},
    {"log", "the paper trail of a SKU's stock"},
    {"export", "all of a list, as CSV or JSON lines"},
    {"import", "SKUs and units from a CSV file"},
    {"reconcile", "what flash-reconciler did and found"},
    {"status", "whether all parts of all daemons are ready"},
    {"top", "a sale, live"},
    {"token", "tokens for operators, services and tests"},
    {NULL, NULL},
};
