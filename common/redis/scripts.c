/* The scripts' rows, and the one place that knows how a key is spelt.
 *
 * Every key of a SKU shares the hash tag {SKU} (docs/FORMATS.md), so a call touches one slot. EVAL
 * and EVALSHA differ in their first two elements only: what follows is called the tail, with which
 * a call is repeated after NOSCRIPT. */
#include "scripts.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

#include "flash/put.h"

#define KEY_PREFIX "flash:{"
#define KEY_PREFIX_MAX (sizeof(KEY_PREFIX) - 1 + FLASH_SKU_TEXT_MAX + 1 + 2) /* sign, "}:" */
#define HEAD_BYTES (sizeof("$7\r\nEVALSHA\r\n$40\r\n\r\n") - 1 + FLASH_SCRIPT_SHA1)

struct row {
    const char *name;
    const char *keys; /* in the order of the script's KEYS, one space between */
    const unsigned char *text;
    const size_t *len;
};

#define EMBEDDED(name)                                                                             \
    extern const unsigned char flash_embed_##name##_lua[];                                         \
    extern const size_t flash_embed_##name##_lua_len

EMBEDDED(reserve);
EMBEDDED(settle);
EMBEDDED(load);
EMBEDDED(snapshot);
EMBEDDED(status);
EMBEDDED(sale);
EMBEDDED(pay);
EMBEDDED(release);
EMBEDDED(expire);
EMBEDDED(inflow);
EMBEDDED(take);
EMBEDDED(gate);
EMBEDDED(sight);
EMBEDDED(beacon);
EMBEDDED(journal);
EMBEDDED(page);
EMBEDDED(look);
EMBEDDED(beat);
EMBEDDED(muster);
EMBEDDED(threshold);
EMBEDDED(pulse);
EMBEDDED(taken);

#define ROW(name, keys)                                                                            \
    {                                                                                              \
#name, keys, flash_embed_##name##_lua, &flash_embed_##name##_lua_len                       \
    }

static const struct row rows[FLASH_SCRIPT_COUNT] = {
    [FLASH_SCRIPT_RESERVE] = ROW(reserve, "stock orders users due journal"),
    [FLASH_SCRIPT_SETTLE] = ROW(settle, "stock orders users due journal takes"),
    [FLASH_SCRIPT_LOAD] = ROW(load, "stock orders journal"),
    [FLASH_SCRIPT_SNAPSHOT] = ROW(snapshot, "stock orders users journal takes"),
    [FLASH_SCRIPT_STATUS] = ROW(status, "stock orders journal"),
    [FLASH_SCRIPT_SALE] = ROW(sale, "stock"),
    [FLASH_SCRIPT_PAY] = ROW(pay, "stock orders journal"),
    [FLASH_SCRIPT_RELEASE] = ROW(release, "stock orders journal"),
    [FLASH_SCRIPT_EXPIRE] = ROW(expire, "stock orders due journal"),
    [FLASH_SCRIPT_INFLOW] = ROW(inflow, "stock takes"),
    [FLASH_SCRIPT_TAKE] = ROW(take, "stock takes journal"),
    [FLASH_SCRIPT_GATE] = ROW(gate, "stock journal"),
    [FLASH_SCRIPT_SIGHT] = ROW(sight, "stock journal"),
    [FLASH_SCRIPT_BEACON] = ROW(beacon, "stock"),
    [FLASH_SCRIPT_JOURNAL] = ROW(journal, "stock journal"),
    [FLASH_SCRIPT_PAGE] = ROW(page, "orders users journal"),
    [FLASH_SCRIPT_LOOK] = ROW(look, "orders users journal"),
    [FLASH_SCRIPT_BEAT] = ROW(beat, "engines"),
    [FLASH_SCRIPT_MUSTER] = ROW(muster, "engines"),
    [FLASH_SCRIPT_THRESHOLD] = ROW(threshold, "stock"),
    [FLASH_SCRIPT_PULSE] = ROW(pulse, "stock orders journal"),
    [FLASH_SCRIPT_TAKEN] = ROW(taken, "takes"),
};

static void hex(const unsigned char *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

void flash_scripts_init(struct flash_scripts *scripts)
{
    memset(scripts, 0, sizeof(*scripts));
    for (int i = 0; i < FLASH_SCRIPT_COUNT; i++) {
        unsigned char digest[SHA_DIGEST_LENGTH];
        SHA1(rows[i].text, *rows[i].len, digest);
        hex(digest, sizeof(digest), scripts->of[i].sha1);
        const char *name = rows[i].keys;
        while (*name != '\0') {
            size_t len = strcspn(name, " ");
            assert(scripts->of[i].key_count < FLASH_SCRIPT_KEYS_MAX);
            scripts->of[i].keys[scripts->of[i].key_count++] = (struct flash_text){name, len};
            scripts->of[i].key_bytes += len;
            name += len + (name[len] == ' ');
        }
    }
}

const char *flash_scripts_name(enum flash_script script)
{
    return rows[script].name;
}

static size_t put_key_prefix(char out[KEY_PREFIX_MAX], int64_t sku)
{
    char *end = flash_put_number(FLASH_PUT_LITERAL(out, KEY_PREFIX), (uint64_t)sku);
    return (size_t)(FLASH_PUT_LITERAL(end, "}:") - out);
}

/* Bytes of the line that says how many elements a command has. */
static size_t count_len(const struct flash_resp *command)
{
    const char *end = memchr(command->bytes, '\n', command->len);
    assert(end != NULL);
    return (size_t)(end + 1 - command->bytes);
}

bool flash_scripts_format(const struct flash_scripts *scripts, const struct flash_redis_call *call,
                          struct flash_resp *resp, struct flash_error *err)
{
    assert(call->script >= 0 && call->script < FLASH_SCRIPT_COUNT && call->sku >= 0);
    char key[KEY_PREFIX_MAX + 16];
    int key_count = scripts->of[call->script].key_count;
    const struct flash_text *keys = scripts->of[call->script].keys;
    size_t prefix = put_key_prefix(key, call->sku), payload = 0;
    for (int i = 0; i < call->argc; i++) {
        payload += call->argv_len[i];
    }
    payload += sizeof("EVALSHA") + FLASH_SCRIPT_SHA1 + scripts->of[call->script].key_bytes +
               prefix * (size_t)key_count;
    if (!flash_resp_begin(resp, 3 + key_count + call->argc, payload, err)) {
        return false;
    }
    flash_resp_bulk(resp, "EVALSHA", 7);
    flash_resp_bulk(resp, scripts->of[call->script].sha1, FLASH_SCRIPT_SHA1);
    assert(resp->len == count_len(resp) + HEAD_BYTES);
    flash_resp_bulk_int(resp, key_count);
    for (int i = 0; i < key_count; i++) {
        assert(keys[i].len <= sizeof(key) - prefix);
        memcpy(key + prefix, keys[i].at, keys[i].len);
        flash_resp_bulk(resp, key, prefix + keys[i].len);
    }
    for (int i = 0; i < call->argc; i++) {
        flash_resp_bulk(resp, call->argv[i], call->argv_len[i]);
    }
    return true;
}

bool flash_scripts_format_eval(enum flash_script script, const struct flash_resp *sent,
                               struct flash_resp *resp, struct flash_error *err)
{
    const struct row *row = &rows[script];
    size_t count = count_len(sent), tail = count + HEAD_BYTES;
    size_t tail_len = sent->len - tail;
    if (!flash_resp_begin(resp, 3, sizeof("EVAL") + *row->len + tail_len, err)) {
        return false;
    }
    resp->len = 0; /* the count is the one of the call that is repeated */
    flash_resp_raw(resp, sent->bytes, count);
    flash_resp_bulk(resp, "EVAL", 4);
    flash_resp_bulk(resp, (const char *)row->text, *row->len);
    flash_resp_raw(resp, sent->bytes + tail, tail_len);
    return true;
}

bool flash_scripts_format_load(enum flash_script script, struct flash_resp *resp,
                               struct flash_error *err)
{
    const struct flash_text texts[] = {
        {"SCRIPT", 6},
        {"LOAD", 4},
        {(const char *)rows[script].text, *rows[script].len},
    };
    return flash_resp_command(resp, texts, 3, err);
}
