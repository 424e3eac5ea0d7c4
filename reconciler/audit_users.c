/* Users whose count is wrong: found among those who just buy; see audit_users.h.
 *
 * A scan takes a while, so whoever ordered meanwhile looks wrong. Three sieves:
 * 1. The sweep's sums less the counts: what is not 0 is a candidate, under full load everybody new.
 * 2. The same of the candidates alone, by scans of their own: those that are off by the same again.
 *    They are few.
 * 3. Of each of these: all his orders by a scan; his count and these orders' records in one script;
 *    another scan. If it finds no further order of his, all his orders of that instant were in the
 *    script, and the count was wrong at that instant. Then the script again. */
#include "audit_users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_scan.h"

#define SUSPECTS_MAX 64 /* of a SKU in one run */
#define ORDERS_MAX 256  /* of one suspect */
#define SCAN_COST 4

struct suspect {
    uint64_t key;
    char name[FLASH_USER_MAX + 1];
    char (*refs)[FLASH_REF_MAX + 1]; /* ORDERS_MAX */
    int ref_count;
    bool named, cut, more; /* more: the second scan found another order */
    int64_t off;           /* count less sum, at the instant of the script */
};

struct search {
    struct flash_audit *audit;
    int64_t sku;
    struct flash_audit_set *first; /* off by so much in the sweep */
    struct flash_audit_set second; /* and in the scans of the candidates */
    struct suspect suspects[SUSPECTS_MAX];
    int suspect_count;
};

/* ---- sums ---- */

struct summing {
    struct flash_audit_set *set;
    const struct flash_audit_set *of; /* only these; NULL: all */
    struct flash_audit_set met;       /* names that came already */
};

static int64_t number_of(struct flash_text text)
{
    int64_t number = 0;
    bool minus = text.len > 0 && text.at[0] == '-';
    for (size_t i = minus; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        number = number < INT64_MAX / 100 ? 10 * number + text.at[i] - '0' : number;
    }
    return minus ? -number : number;
}

static void add(struct summing *summing, uint64_t key, int64_t number)
{
    if (summing->of) {
        const int64_t *wanted = flash_audit_set_find(summing->of, key);
        if (!wanted || *wanted == 0) {
            return;
        }
    }
    int64_t *sum = flash_audit_set_get(summing->set, key, NULL);
    if (sum) {
        *sum += number;
    }
}

static bool is_new(struct summing *summing, struct flash_text name)
{
    bool fresh = false;
    flash_audit_set_get(&summing->met, flash_audit_hash(name), &fresh);
    return fresh;
}

static bool take_orders(const struct flash_audit_item *items, int count, void *arg,
                        struct flash_error *err)
{
    struct summing *summing = arg;
    struct flash_record record;
    (void)err;
    for (int i = 0; i < count; i++) {
        if (is_new(summing, items[i].name) && flash_record_parse(items[i].value, &record) &&
            flash_state_holds(record.state)) {
            add(summing, flash_audit_hash(record.user), record.quantity);
        }
    }
    return true;
}

static bool take_counts(const struct flash_audit_item *items, int count, void *arg,
                        struct flash_error *err)
{
    struct summing *summing = arg;
    (void)err;
    for (int i = 0; i < count; i++) {
        if (is_new(summing, items[i].name)) {
            add(summing, flash_audit_hash(items[i].name), -number_of(items[i].value));
        }
    }
    return true;
}

static bool sum(struct search *search, bool users, struct summing *summing, struct flash_error *err)
{
    const struct flash_audit_scan scan = {.sku = search->sku,
                                          .users = users,
                                          .cost = SCAN_COST,
                                          .page = users ? take_counts : take_orders,
                                          .arg = summing};
    bool ok = flash_audit_scan(search->audit, &scan, err);
    flash_audit_set_finish(&summing->met);
    return ok;
}

/* ---- suspects ---- */

static struct suspect *find(struct search *search, struct flash_text name)
{
    uint64_t key = flash_audit_hash(name);
    for (int i = 0; i < search->suspect_count; i++) {
        struct suspect *suspect = &search->suspects[i];
        if (suspect->key == key && !suspect->named && name.len <= FLASH_USER_MAX) {
            memcpy(suspect->name, name.at, name.len);
            suspect->named = true;
        }
        if (suspect->key == key && strlen(suspect->name) == name.len &&
            memcmp(suspect->name, name.at, name.len) == 0) {
            return suspect;
        }
    }
    return NULL;
}

static bool has_ref(const struct suspect *suspect, struct flash_text ref)
{
    for (int i = 0; i < suspect->ref_count; i++) {
        if (strlen(suspect->refs[i]) == ref.len && memcmp(suspect->refs[i], ref.at, ref.len) == 0) {
            return true;
        }
    }
    return false;
}

static void add_ref(struct suspect *suspect, struct flash_text ref)
{
    if (suspect->ref_count == ORDERS_MAX || ref.len > FLASH_REF_MAX) {
        suspect->cut = true;
        return;
    }
    char *to = suspect->refs[suspect->ref_count++];
    memcpy(to, ref.at, ref.len);
    to[ref.len] = '\0';
}

static bool gather_orders(const struct flash_audit_item *items, int count, void *arg,
                          struct flash_error *err)
{
    struct search *search = arg;
    struct flash_record record;
    (void)err;
    for (int i = 0; i < count; i++) {
        struct suspect *suspect =
            flash_record_parse(items[i].value, &record) ? find(search, record.user) : NULL;
        if (suspect && !has_ref(suspect, items[i].name)) {
            add_ref(suspect, items[i].name);
            suspect->more = true;
        }
    }
    return true;
}

static bool gather_names(const struct flash_audit_item *items, int count, void *arg,
                         struct flash_error *err)
{
    (void)err;
    for (int i = 0; i < count; i++) {
        find(arg, items[i].name);
    }
    return true;
}

/* His count less what his orders hold, at one instant. */
static bool weigh(struct search *search, struct suspect *suspect, int64_t *ret_off,
                  struct flash_error *err)
{
    const char *argv[1 + ORDERS_MAX] = {suspect->name};
    size_t len[1 + ORDERS_MAX] = {strlen(suspect->name)};
    for (int i = 0; i < suspect->ref_count; i++) {
        argv[1 + i] = suspect->refs[i];
        len[1 + i] = strlen(suspect->refs[i]);
    }
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_LOOK,
                                          .sku = search->sku,
                                          .argc = 1 + suspect->ref_count,
                                          .argv = argv,
                                          .argv_len = len};
    struct flash_redis_reply *reply;
    if (!flash_redis_sync_call(search->audit->redis, &call, &reply, err)) {
        return false;
    }
    *ret_off = number_of(flash_redis_reply_text(flash_redis_reply_at(reply, 1)));
    for (size_t i = 2; i < flash_redis_reply_count(reply); i += 2) {
        struct flash_record record;
        if (flash_record_parse(flash_redis_reply_text(flash_redis_reply_at(reply, i)), &record) &&
            flash_state_holds(record.state)) {
            *ret_off -= record.quantity;
        }
    }
    flash_redis_reply_free(reply);
    return true;
}

/* ---- the three sieves ---- */

static bool sieve_again(struct search *search, struct flash_error *err)
{
    struct summing orders = {.set = &search->second, .of = search->first};
    struct summing counts = {.set = &search->second, .of = search->first};
    size_t at = 0;
    uint64_t key;
    int64_t off;
    if (!sum(search, false, &orders, err) || !sum(search, true, &counts, err)) {
        return false;
    }
    while (search->suspect_count < SUSPECTS_MAX &&
           flash_audit_set_next(&search->second, &at, &key, &off)) {
        const int64_t *before = flash_audit_set_find(search->first, key);
        if (off && before && *before == off) {
            search->suspects[search->suspect_count++].key = key;
        }
    }
    return true;
}

static bool weigh_all(struct search *search, bool again, struct flash_error *err)
{
    for (int i = 0; i < search->suspect_count; i++) {
        struct suspect *suspect = &search->suspects[i];
        int64_t off = 0;
        if (!weigh(search, suspect, &off, err)) {
            return false;
        }
        suspect->off = again && off != suspect->off ? 0 : off;
        suspect->more = false;
    }
    return true;
}

static void tell(const struct search *search, struct flash_audit_list *list)
{
    for (int i = 0; i < search->suspect_count; i++) {
        const struct suspect *suspect = &search->suspects[i];
        const struct flash_finding finding = {.cause = FLASH_CAUSE_USER_COUNT,
                                              .sku = search->sku,
                                              .partition = -1,
                                              .offset = -1,
                                              .quantity = suspect->off};
        if (suspect->off && !suspect->cut && !suspect->more) {
            flash_audit_list_add(list, &finding,
                                 "user %s: his count is %+lld off the sum of his %d orders",
                                 suspect->name, (long long)suspect->off, suspect->ref_count);
        }
    }
}

static bool sieve_closely(struct search *search, struct flash_audit_list *list,
                          struct flash_error *err)
{
    bool ok = true;
    for (int i = 0; i < search->suspect_count; i++) {
        struct suspect *suspect = &search->suspects[i];
        suspect->refs = calloc(ORDERS_MAX, sizeof(*suspect->refs));
        ok = ok && suspect->refs;
    }
    if (!ok) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    }
    const struct flash_audit_scan names = {
        .sku = search->sku, .users = true, .cost = SCAN_COST, .page = gather_names, .arg = search};
    const struct flash_audit_scan orders = {
        .sku = search->sku, .cost = SCAN_COST, .page = gather_orders, .arg = search};
    if (!flash_audit_scan(search->audit, &names, err) ||
        !flash_audit_scan(search->audit, &orders, err) || !weigh_all(search, false, err) ||
        !flash_audit_scan(search->audit, &orders, err)) {
        return false;
    }
    for (int i = 0; i < search->suspect_count; i++) {
        search->suspects[i].cut |= search->suspects[i].more;
    }
    if (!weigh_all(search, true, err)) {
        return false;
    }
    tell(search, list);
    return true;
}

bool flash_audit_users(struct flash_audit *audit, const struct flash_audit_counts *counts,
                       struct flash_error *err)
{
    struct summing less = {.set = counts->held};
    struct search *search = calloc(1, sizeof(*search));
    if (!search) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    }
    search->audit = audit;
    search->sku = counts->sku;
    search->first = counts->held;
    bool ok = sum(search, true, &less, err);
    if (ok && !audit->done->stopped && flash_audit_set_any(counts->held)) {
        ok = sieve_again(search, err);
    }
    if (ok && !audit->done->stopped && search->suspect_count > 0) {
        ok = sieve_closely(search, counts->list, err);
    }
    flash_audit_set_finish(&search->second);
    for (int i = 0; i < search->suspect_count; i++) {
        free(search->suspects[i].refs);
    }
    free(search);
    return ok;
}
