/* What each list is asked with and shows; see list.h. */
#include "list.h"

#define HISTORY_ROWS 100 /* of lists that only grow */

static const struct flash_ctl_column sales[] = {
    {"sku", "sku"},
    {"title", "title"},
    {"state", "state", FLASH_CTL_STATE_WORD},
    {"starts_at", "starts"},
    {"ends_at", "ends"},
    {"per_user_limit", "limit", FLASH_CTL_NUMBER},
    {"hold_seconds", "hold s", FLASH_CTL_NUMBER},
    {"stock.available", "available", FLASH_CTL_NUMBER},
    {"stock.reserved", "reserved", FLASH_CTL_NUMBER},
    {"stock.sold", "sold", FLASH_CTL_NUMBER},
    {"stock.total", "stock.total", FLASH_CTL_ASIDE},
    {"version", "version", FLASH_CTL_ASIDE},
    {"updated_at", "updated", FLASH_CTL_ASIDE},
    {0},
};
static const struct flash_ctl_column stock[] = {
    {"product_id", "sku"},
    {"title", "title"},
    {"total", "total", FLASH_CTL_NUMBER},
    {"available", "available", FLASH_CTL_NUMBER},
    {"reserved", "reserved", FLASH_CTL_NUMBER},
    {"sold", "sold", FLASH_CTL_NUMBER},
    {"low_stock_threshold", "threshold", FLASH_CTL_NUMBER},
    {"low_stock", "low"},
    {"version", "version", FLASH_CTL_NUMBER},
    {"flagged", "flagged", FLASH_CTL_ASIDE},
    {"loaded", "loaded", FLASH_CTL_ASIDE},
    {"created_at", "created", FLASH_CTL_ASIDE},
    {"updated_at", "updated", FLASH_CTL_ASIDE},
    {0},
};
static const struct flash_ctl_column orders[] = {
    {"order_id", "order"},
    {"user_id", "user"},
    {"quantity", "units", FLASH_CTL_NUMBER},
    {"status", "status", FLASH_CTL_STATE_WORD},
    {"updated_at", "updated"},
    {"pay_by", "pay by"},
    {"reason", "reason"},
    {"sku", "sku", FLASH_CTL_ASIDE},
    {"payment_id", "payment", FLASH_CTL_ASIDE},
    {"version", "version", FLASH_CTL_ASIDE},
    {"created_at", "created", FLASH_CTL_ASIDE},
    {0},
};
static const struct flash_ctl_column refunds[] = {
    {"created_at", "created"},
    {"order_id", "order"},
    {"payment_id", "payment"},
    {"order_status", "met"},
    {"state", "refund", FLASH_CTL_STATE_WORD},
    {"done_at", "done"},
    {"reference", "reference"},
    {"sku", "sku", FLASH_CTL_ASIDE},
    {0},
};
static const struct flash_ctl_column entries[] = {
    {"created_at", "time"},
    {"type", "type"},
    {"quantity", "units", FLASH_CTL_NUMBER},
    {"available_before", "before", FLASH_CTL_NUMBER},
    {"available_after", "after", FLASH_CTL_NUMBER},
    {"operator", "operator"},
    {"order_id", "order"},
    {"reference", "reference"},
    {"reason", "reason"},
    {0},
};
static const struct flash_ctl_column runs[] = {
    {"run_id", "run"},
    {"mode", "mode"},
    {"state", "state", FLASH_CTL_STATE_WORD},
    {"operator", "operator"},
    {"started_at", "started"},
    {"ended_at", "ended"},
    {"entries", "entries", FLASH_CTL_NUMBER},
    {"findings", "findings", FLASH_CTL_NUMBER},
    {"settled", "settled", FLASH_CTL_NUMBER},
    {"resent", "resent", FLASH_CTL_NUMBER},
    {"compensated", "compensated", FLASH_CTL_NUMBER},
    {"generation", "generation", FLASH_CTL_ASIDE},
    {"plan_id", "plan", FLASH_CTL_ASIDE},
    {"sku", "sku", FLASH_CTL_ASIDE},
    {"skus", "skus", FLASH_CTL_ASIDE},
    {"exit_code", "exit code", FLASH_CTL_ASIDE},
    {"detail", "detail", FLASH_CTL_ASIDE},
    {0},
};
static const struct flash_ctl_column findings[] = {
    {"found_at", "found"},
    {"cause", "cause"},
    {"state", "state", FLASH_CTL_STATE_WORD},
    {"sku", "sku"},
    {"order_id", "order"},
    {"quantity", "units", FLASH_CTL_NUMBER},
    {"detail", "detail"},
    {"finding_id", "finding", FLASH_CTL_ASIDE},
    {"run_id", "run", FLASH_CTL_ASIDE},
    {"entry_id", "entry", FLASH_CTL_ASIDE},
    {"partition", "partition", FLASH_CTL_ASIDE},
    {"offset", "offset", FLASH_CTL_ASIDE},
    {"updated_at", "updated", FLASH_CTL_ASIDE},
    {0},
};

const struct flash_ctl_list flash_ctl_list_sales = {
    .path = "/v1/sales",
    .member = "sales",
    .columns = sales,
    .any_word = "all",
    .filters = {{FLASH_CTL_STATE, "state"}},
};
const struct flash_ctl_list flash_ctl_list_stock = {
    .path = "/inventory",
    .member = "products",
    .columns = stock,
    .filters = {{FLASH_CTL_TITLE, "title"}},
};
const struct flash_ctl_list flash_ctl_list_low = {
    .path = "/inventory/low-stock",
    .member = "products",
    .columns = stock,
};
const struct flash_ctl_list flash_ctl_list_orders = {
    .path = "/v1/orders",
    .member = "orders",
    .columns = orders,
    .rows = HISTORY_ROWS,
    .any_word = "all",
    .filters = {{FLASH_CTL_SKU, "sku"},
                {FLASH_CTL_USER, "user"},
                {FLASH_CTL_STATE, "status"},
                {FLASH_CTL_FROM, "from"},
                {FLASH_CTL_TO, "to"}},
};
const struct flash_ctl_list flash_ctl_list_refunds = {
    .path = "/v1/refunds",
    .member = "refunds",
    .columns = refunds,
    .filters = {{FLASH_CTL_SKU, "sku"}, {FLASH_CTL_STATE, "state"}},
};
const struct flash_ctl_list flash_ctl_list_log = {
    .path = "/inventory/logs/*",
    .member = "entries",
    .columns = entries,
    .rows = HISTORY_ROWS,
    .filters = {{FLASH_CTL_TYPE, "type"},
                {FLASH_CTL_ORDER, "order"},
                {FLASH_CTL_USER, "user"},
                {FLASH_CTL_BY, "operator"},
                {FLASH_CTL_FROM, "from"},
                {FLASH_CTL_TO, "to"},
                {FLASH_CTL_LINES, "view=lines"}},
};
const struct flash_ctl_list flash_ctl_list_runs = {
    .path = "/v1/reconcile/runs",
    .member = "runs",
    .columns = runs,
    .rows = HISTORY_ROWS,
    .any_word = "all",
    .filters = {{FLASH_CTL_MODE, "mode"}, {FLASH_CTL_STATE, "state"}},
};
const struct flash_ctl_list flash_ctl_list_findings = {
    .path = "/v1/reconcile/findings",
    .member = "findings",
    .columns = findings,
    .rows = HISTORY_ROWS,
    .any_word = "all",
    .filters = {{FLASH_CTL_CAUSE, "cause"},
                {FLASH_CTL_STATE, "state"},
                {FLASH_CTL_SKU, "sku"},
                {FLASH_CTL_RUN, "run"}},
};
