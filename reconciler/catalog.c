/* The SKUs with a sale, and the generation; see catalog.h. `lock` guards `known`; `reading` all
 * that a reader needs, one at a time. */
#include "catalog.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "flash/log.h"
#include "flash/mysql.h"
#include "metrics.h"

#define CAPACITY_MIN 256

struct flash_catalog {
    pthread_mutex_t reading;
    struct flash_mysql *mysql;
    struct flash_catalog_list fresh;
    bool fresh_whole; /* every row had room */
    pthread_mutex_t lock;
    struct flash_catalog_list known;
    _Atomic bool ready;
    bool said_away;
};

bool flash_catalog_new(const struct flash_config *config, struct flash_catalog **ret_catalog,
                       struct flash_error *err)
{
    struct flash_catalog *catalog = calloc(1, sizeof(*catalog));
    if (!catalog) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "catalog: out of memory");
    }
    pthread_mutex_init(&catalog->reading, NULL);
    pthread_mutex_init(&catalog->lock, NULL);
    if (!flash_mysql_new(config, &catalog->mysql, err)) {
        flash_catalog_free(catalog);
        return false;
    }
    *ret_catalog = catalog;
    return true;
}

void flash_catalog_free(struct flash_catalog *catalog)
{
    if (catalog) {
        flash_mysql_free(catalog->mysql);
        flash_catalog_list_finish(&catalog->fresh);
        flash_catalog_list_finish(&catalog->known);
        pthread_mutex_destroy(&catalog->lock);
        pthread_mutex_destroy(&catalog->reading);
        free(catalog);
    }
}

void flash_catalog_list_finish(struct flash_catalog_list *list)
{
    free(list->skus);
    *list = (struct flash_catalog_list){0};
}

static bool reserve(struct flash_catalog_list *list, size_t count)
{
    if (count <= list->capacity) {
        return true;
    }
    size_t capacity = list->capacity ? list->capacity : CAPACITY_MIN;
    while (capacity < count) {
        capacity *= 2;
    }
    int64_t *skus = reallocarray(list->skus, capacity, sizeof(*skus));
    if (!skus) {
        return false;
    }
    list->skus = skus;
    list->capacity = capacity;
    return true;
}

/* ---- reading ---- */

static bool take_generation(const struct flash_value *cells, int count, void *arg)
{
    struct flash_catalog *catalog = arg;
    (void)count;
    catalog->fresh.generation = cells[0].number;
    return true;
}

static bool take_sku(const struct flash_value *cells, int count, void *arg)
{
    struct flash_catalog *catalog = arg;
    struct flash_catalog_list *fresh = &catalog->fresh;
    (void)count;
    catalog->fresh_whole = reserve(fresh, fresh->count + 1);
    if (catalog->fresh_whole) {
        fresh->skus[fresh->count++] = cells[0].number;
    }
    return catalog->fresh_whole;
}

static bool read_ledger(struct flash_catalog *catalog, struct flash_error *err)
{
    const struct flash_query generation = {
        .sql = "SELECT generation FROM generation WHERE id = 1",
        .column_count = 1,
        .row = take_generation,
        .arg = catalog,
    };
    const struct flash_query skus = {
        .sql = "SELECT sku FROM sale ORDER BY sku",
        .column_count = 1,
        .row = take_sku,
        .arg = catalog,
    };
    catalog->fresh.count = 0;
    catalog->fresh.generation = 0;
    catalog->fresh_whole = true;
    if (!flash_mysql_connect(catalog->mysql, err) ||
        !flash_mysql_query(catalog->mysql, &generation, err) ||
        !flash_mysql_query(catalog->mysql, &skus, err)) {
        return false;
    }
    if (catalog->fresh.generation == 0) {
        return flash_error_set(err, FLASH_ERROR_BUG, "the ledger has no generation");
    }
    return catalog->fresh_whole ||
           flash_error_set(err, FLASH_ERROR_RETRY, "catalog: out of memory");
}

static void exchange(struct flash_catalog *catalog)
{
    pthread_mutex_lock(&catalog->lock);
    struct flash_catalog_list old = catalog->known;
    catalog->known = catalog->fresh;
    catalog->fresh = old;
    pthread_mutex_unlock(&catalog->lock);
}

static void read_once(struct flash_catalog *catalog)
{
    struct flash_error err = {0};
    bool read = read_ledger(catalog, &err);
    if (read) {
        int64_t count = (int64_t)catalog->fresh.count;
        flash_metric_set(&flash_reconciler_metrics[METRIC_SKUS], count);
        exchange(catalog);
    } else {
        flash_reconciler_count(METRIC_ERRORS_LEDGER, 1);
    }
    if (!read && !catalog->said_away) {
        FLASH_LOG(WARN, "reconciler.ledger_away", FLASH_TEXT("error", err.text));
    } else if (read && catalog->said_away) {
        FLASH_LOG(INFO, "reconciler.ledger_back", FLASH_INT("skus", (int64_t)catalog->known.count));
    }
    catalog->said_away = !read;
    catalog->ready = read;
}

void flash_catalog_read(struct flash_catalog *catalog)
{
    pthread_mutex_lock(&catalog->reading);
    read_once(catalog);
    pthread_mutex_unlock(&catalog->reading);
}

bool flash_catalog_ready(const struct flash_catalog *catalog)
{
    return catalog->ready;
}

bool flash_catalog_copy(struct flash_catalog *catalog, struct flash_catalog_list *list)
{
    pthread_mutex_lock(&catalog->lock);
    const struct flash_catalog_list *known = &catalog->known;
    bool room = reserve(list, known->count);
    if (room) {
        if (known->count) {
            memcpy(list->skus, known->skus, known->count * sizeof(*list->skus));
        }
        list->count = known->count;
        list->generation = known->generation;
    }
    pthread_mutex_unlock(&catalog->lock);
    return room;
}
