/* The internal routes; see inventory.h. Callers bring their own order ids, or name a buyer's order
 * by its full id. */
#include "inventory.h"

#include <string.h>

#include "answer.h"
#include "auth.h"
#include "change.h"
#include "flash/json_body.h"
#include "flash/percent.h"
#include "reads.h"
#include "reserve.h"

/* What a route's body has: all the members it may have, and those checked as required. */
struct form {
    const char *const *names;
    unsigned members;
};

/* A body as read; texts point into root. */
struct body {
    json_t *root;
    int64_t sku;
    struct flash_text ref, user, payment;
    int quantity;
    bool durable;
};

enum member {
    MEMBER_PRODUCT = 1 << 0,
    MEMBER_ORDER = 1 << 1,
    MEMBER_USER = 1 << 2,
    MEMBER_QUANTITY = 1 << 3,
    MEMBER_PAYMENT = 1 << 4,
};

static struct flash_text text_of(const json_t *value)
{
    return json_is_string(value)
               ? (struct flash_text){json_string_value(value), json_string_length(value)}
               : (struct flash_text){"", 0};
}

/* A buyer's order may be named by its full id: "<sku>.<ref>" with this SKU. */
static struct flash_text ref_of(struct flash_text id, int64_t sku)
{
    int64_t named;
    struct flash_text ref;
    return flash_order_id_parse(id, &named, &ref) && named == sku ? ref : id;
}

static const char *check_members(struct body *body, unsigned members)
{
    const json_t *durable = json_object_get(body->root, "durable");
    json_int_t units = json_integer_value(json_object_get(body->root, "quantity"));
    body->durable = json_is_true(durable);
    body->user = text_of(json_object_get(body->root, "user_id"));
    body->payment = text_of(json_object_get(body->root, "payment_id"));
    if (durable && !json_is_boolean(durable)) {
        return "durable must be true or false.";
    }
    if ((members & MEMBER_PRODUCT) &&
        !flash_json_body_sku(json_object_get(body->root, "product_id"), &body->sku)) {
        return "product_id must be a string of decimal digits.";
    }
    body->ref = ref_of(text_of(json_object_get(body->root, "order_id")), body->sku);
    if ((members & MEMBER_ORDER) && !flash_ref_valid(body->ref)) {
        return "order_id must be 1 to 64 printable ASCII characters without quotes, backslashes "
               "or braces.";
    }
    if ((members & MEMBER_USER) && !flash_user_valid(body->user)) {
        return "user_id must be 1 to 64 bytes without controls, quotes, backslashes or braces.";
    }
    if ((members & MEMBER_QUANTITY) && (units < 1 || units > FLASH_QUANTITY_MAX)) {
        return "quantity must be an integer from 1 to 9999.";
    }
    if ((members & MEMBER_PAYMENT) && !flash_ref_valid(body->payment)) {
        return "payment_id must be 1 to 64 printable ASCII characters without quotes, backslashes "
               "or braces.";
    }
    body->quantity = (int)units;
    return NULL;
}

/* Checks the role and reads the body; false after having answered. body->root is the caller's to
 * drop when true. */
static bool open_request(struct flash_worker *worker, struct flash_request *request,
                         const struct form *form, struct body *body)
{
    const struct flash_claims *claims = flash_auth(worker, request);
    const char *detail = NULL;
    if (!claims) {
        return false;
    }
    if (claims->role != FLASH_ROLE_INTERNAL && claims->role != FLASH_ROLE_ADMIN) {
        flash_answer_refuse(request, FLASH_REFUSE_FORBIDDEN, NULL);
        return false;
    }
    memset(body, 0, sizeof(*body));
    if (!form) {
        return true;
    }
    if (!flash_json_body_declared(request)) {
        flash_answer_refuse(request, FLASH_REFUSE_MEDIA_TYPE, NULL);
        return false;
    }
    body->root = flash_json_body_load(flash_request_body(request), form->names, &detail);
    if (!body->root) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, detail);
    }
    return body->root != NULL;
}

static bool take_body(struct flash_worker *worker, struct flash_request *request,
                      const struct form *form, struct body *body)
{
    if (!open_request(worker, request, form, body)) {
        return false;
    }
    const char *wrong = check_members(body, form->members);
    if (wrong) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, wrong);
        json_decref(body->root);
    }
    return !wrong;
}

void flash_inventory_reserve(struct flash_worker *worker, struct flash_request *request,
                             struct flash_text rest)
{
    static const char *const names[] = {"product_id", "order_id", "user_id",
                                        "quantity",   "durable",  NULL};
    struct body body;
    (void)rest;
    static const struct form form = {names,
                                     MEMBER_PRODUCT | MEMBER_ORDER | MEMBER_USER | MEMBER_QUANTITY};
    if (take_body(worker, request, &form, &body)) {
        flash_reserve_submit(worker, request,
                             &(struct flash_order){.sku = body.sku,
                                                   .ref = body.ref,
                                                   .user = body.user,
                                                   .quantity = body.quantity,
                                                   .durable = body.durable});
        json_decref(body.root);
    }
}

/* Reads one order of a batch; the sentence that says what is wrong, or NULL. */
static const char *read_order(const json_t *element, int64_t sku, struct flash_order *ret_order)
{
    const json_t *quantity = json_object_get(element, "quantity");
    json_int_t units = json_integer_value(quantity);
    *ret_order = (struct flash_order){
        .sku = sku,
        .ref = ref_of(text_of(json_object_get(element, "order_id")), sku),
        .user = text_of(json_object_get(element, "user_id")),
        .quantity = (int)units,
    };
    if (json_object_size(element) != 3 || !quantity || !flash_ref_valid(ret_order->ref) ||
        !flash_user_valid(ret_order->user) || units < 1 || units > FLASH_QUANTITY_MAX) {
        return "Each of orders must be an object of order_id, user_id and quantity as "
               "/inventory/reserve takes them, and no others.";
    }
    return NULL;
}

/* Reads the orders of a batch, *ret_count of them. */
static const char *read_orders(const struct body *body,
                               struct flash_order orders[FLASH_BATCH_LINES], int *ret_count)
{
    const json_t *list = json_object_get(body->root, "orders");
    size_t count = json_array_size(list); /* 0 unless it is an array */
    const char *wrong = NULL;
    if (count < 1 || count > FLASH_BATCH_LINES) {
        return "orders must be a list of 1 to 256 orders.";
    }
    for (size_t i = 0; i < count && !wrong; i++) {
        wrong = read_order(json_array_get(list, i), body->sku, &orders[i]);
        orders[i].durable = body->durable;
    }
    *ret_count = (int)count;
    return wrong;
}

void flash_inventory_reserve_batch(struct flash_worker *worker, struct flash_request *request,
                                   struct flash_text rest)
{
    static const char *const names[] = {"product_id", "orders", "durable", NULL};
    static const struct form form = {names, MEMBER_PRODUCT};
    struct flash_order orders[FLASH_BATCH_LINES];
    struct body body;
    int count;
    (void)rest;
    if (!take_body(worker, request, &form, &body)) {
        return;
    }
    const char *wrong = read_orders(&body, orders, &count);
    if (wrong) {
        flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, wrong);
    } else {
        flash_reserve_submit_batch(worker, request, orders, count);
    }
    json_decref(body.root);
}

static void submit_change(struct flash_worker *worker, struct flash_request *request,
                          enum flash_change_kind kind, const struct body *body)
{
    flash_change_submit(worker, request,
                        &(struct flash_change_query){.kind = kind,
                                                     .sku = body->sku,
                                                     .ref = body->ref,
                                                     .user = {"", 0},
                                                     .payment = body->payment,
                                                     .durable = body->durable,
                                                     .or_return = kind == FLASH_CHANGE_CANCEL});
    json_decref(body->root);
}

void flash_inventory_release(struct flash_worker *worker, struct flash_request *request,
                             struct flash_text rest)
{
    static const char *const names[] = {"product_id", "order_id", "durable", NULL};
    struct body body;
    (void)rest;
    static const struct form form = {names, MEMBER_PRODUCT | MEMBER_ORDER};
    if (take_body(worker, request, &form, &body)) {
        submit_change(worker, request, FLASH_CHANGE_CANCEL, &body);
    }
}

void flash_inventory_deduct(struct flash_worker *worker, struct flash_request *request,
                            struct flash_text rest)
{
    static const char *const names[] = {"product_id", "order_id", "payment_id", "durable", NULL};
    struct body body;
    (void)rest;
    static const struct form form = {names, MEMBER_PRODUCT | MEMBER_ORDER};
    if (take_body(worker, request, &form, &body)) {
        if (!json_object_get(body.root, "payment_id")) {
            body.payment = body.ref; /* one deduction an order: its own id names the payment */
        }
        if (!flash_ref_valid(body.payment)) {
            flash_answer_refuse(request, FLASH_REFUSE_BAD_ID, NULL);
            json_decref(body.root);
            return;
        }
        submit_change(worker, request, FLASH_CHANGE_PAY, &body);
    }
}

void flash_inventory_pay(struct flash_worker *worker, struct flash_request *request,
                         struct flash_text rest)
{
    static const char *const names[] = {"payment_id", "durable", NULL};
    struct body body;
    char decoded[FLASH_ORDER_ID_MAX];
    static const struct form form = {names, MEMBER_PAYMENT};
    if (!take_body(worker, request, &form, &body)) {
        return;
    }
    if (flash_percent_order_id(rest, decoded, &body.sku, &body.ref)) {
        submit_change(worker, request, FLASH_CHANGE_PAY, &body);
    } else {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ORDER, NULL);
        json_decref(body.root);
    }
}

void flash_inventory_reservation(struct flash_worker *worker, struct flash_request *request,
                                 struct flash_text rest)
{
    struct body body;
    char decoded[FLASH_ORDER_ID_MAX];
    struct flash_order_query query = {.user = {"", 0}};
    if (!open_request(worker, request, NULL, &body)) {
        return;
    }
    const char *slash = memchr(rest.at, '/', rest.len);
    struct flash_text product = {rest.at, slash ? (size_t)(slash - rest.at) : 0};
    if (slash && flash_sku_parse(product, &query.sku)) {
        struct flash_text order = {slash + 1, rest.len - product.len - 1};
        ssize_t len = flash_percent_decode(order, decoded, sizeof(decoded));
        if (len > 0) {
            query.ref = ref_of((struct flash_text){decoded, (size_t)len}, query.sku);
        }
    }
    if (query.ref.len && flash_ref_valid(query.ref)) {
        flash_reads_order(worker, request, &query);
    } else {
        flash_answer_refuse(request, FLASH_REFUSE_NO_ORDER, NULL);
    }
}
