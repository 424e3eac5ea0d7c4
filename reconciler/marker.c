/* Markers out, and markers met; see marker.h. */
#include "marker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/fault.h"
#include "flash/time.h"
#include "publish.h"

#define TIDY_EVERY_MS 60000
#define TIDY_OLDER_MS 3600000
#define MARKER_BYTES 96

struct flash_markers {
    struct flash_marker_parts parts;
    int64_t applied;     /* of all partitions together, when it was read last */
    int64_t applied_met; /* as it is being read */
    int64_t moved_ms;    /* when it was another, or no marker was out */
    int64_t tidied_ms;
    struct flash_uuid nonces[FLASH_PROOF_NONCES];
    struct flash_value keys[FLASH_PROOF_NONCES];
};

struct flash_markers *flash_markers_new(const struct flash_marker_parts *parts)
{
    struct flash_markers *markers = calloc(1, sizeof(*markers));
    if (markers) {
        markers->parts = *parts;
        markers->tidied_ms = -TIDY_EVERY_MS;
    }
    return markers;
}

void flash_markers_free(struct flash_markers *markers)
{
    free(markers);
}

/* ---- met ---- */

static bool take_nonce(const struct flash_value *cells, int count, void *arg)
{
    struct flash_markers *markers = arg;
    struct flash_uuid nonce;
    (void)count;
    memcpy(nonce.bytes, cells[0].bytes.at, sizeof(nonce.bytes));
    flash_proof_answered(markers->parts.proof, &nonce);
    return true;
}

static bool take_applied(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    ((struct flash_markers *)arg)->applied_met = cells[0].null ? 0 : cells[0].number;
    return true;
}

static bool read_progress(struct flash_markers *markers, struct flash_error *err)
{
    const char *name = markers->parts.config->kafka.topic;
    const struct flash_value topic = {.type = FLASH_COLUMN_BYTES, .bytes = {name, strlen(name)}};
    const struct flash_query query = {
        .sql = "SELECT SUM(applied) FROM consumer_progress WHERE topic = ?",
        .params = &topic,
        .param_count = 1,
        .column_count = 1,
        .row = take_applied,
        .arg = markers,
    };
    return flash_mysql_query(markers->parts.mysql, &query, err);
}

bool flash_markers_read(struct flash_markers *markers, int64_t now_ms, struct flash_error *err)
{
    int count = flash_proof_nonces(markers->parts.proof, markers->nonces);
    if (count == 0) {
        markers->moved_ms = now_ms;
        return true;
    }
    for (int i = 0; i < count; i++) {
        const char *at = (const char *)markers->nonces[i].bytes;
        markers->keys[i] = (struct flash_value){.type = FLASH_COLUMN_BYTES,
                                                .bytes = {at, sizeof(markers->nonces[i].bytes)}};
    }
    const struct flash_query_in query = {
        .sql = "SELECT nonce FROM marker WHERE nonce IN (%s)",
        .keys = markers->keys,
        .key_count = count,
        .column_count = 1,
        .row = take_nonce,
        .arg = markers,
    };
    if (!flash_mysql_query_in(markers->parts.mysql, &query, err) || !read_progress(markers, err)) {
        return false;
    }
    if (markers->applied_met != markers->applied) {
        markers->applied = markers->applied_met;
        markers->moved_ms = now_ms;
    }
    return true;
}

bool flash_markers_consumer_moves(const struct flash_markers *markers, int64_t now_ms)
{
    int64_t limit_ms = markers->parts.config->reconciler.stuck_after_ms;
    return flash_proof_waiting_ms(markers->parts.proof, now_ms) < limit_ms ||
           now_ms - markers->moved_ms < limit_ms;
}

/* ---- out ---- */

static bool send(struct flash_markers *markers, int64_t sku, struct flash_uuid *ret_nonce,
                 struct flash_error *err)
{
    struct flash_entry_name name;
    char text[MARKER_BYTES];
    if (!flash_entry_name_new(&name, err)) {
        return false;
    }
    int len =
        snprintf(text, sizeof(text), "{\"v\":1,\"id\":\"%s\",\"type\":\"marker\"}", name.uuid);
    const struct flash_publication publication = {
        .type = FLASH_ENTRY_MARKER, .sku = sku, .uuid = name.uuid, .entry = {text, (size_t)len}};
    FLASH_FAULT("reconcile.before_marker");
    return flash_uuid_parse((struct flash_text){name.uuid, FLASH_UUID_TEXT}, ret_nonce) &&
           flash_publish(markers->parts.producer, &publication, err);
}

bool flash_markers_send(struct flash_markers *markers, int64_t now_ms, struct flash_error *err)
{
    int64_t sku;
    while ((sku = flash_proof_next_wanted(markers->parts.proof)) != 0) {
        struct flash_uuid nonce;
        if (!send(markers, sku, &nonce, err)) {
            return false;
        }
        flash_proof_marked(markers->parts.proof, sku, &nonce, now_ms);
        FLASH_FAULT("reconcile.marker_sent");
    }
    return true;
}

bool flash_markers_tidy(struct flash_markers *markers, int64_t now_ms, struct flash_error *err)
{
    static const uint8_t zeros[10];
    if (now_ms - markers->tidied_ms < TIDY_EVERY_MS) {
        return true;
    }
    markers->tidied_ms = now_ms;
    struct flash_uuid oldest = flash_uuid_v7(flash_time_wall_ms() - TIDY_OLDER_MS, zeros);
    const struct flash_value bound = {.type = FLASH_COLUMN_BYTES,
                                      .bytes = {(const char *)oldest.bytes, sizeof(oldest.bytes)}};
    return flash_mysql_exec(markers->parts.mysql, "DELETE FROM marker WHERE nonce < ? LIMIT 500",
                            &bound, 1, NULL, err);
}
