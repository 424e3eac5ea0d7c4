/* The rows of consumer_progress: read, moved by compare-and-set, set back. */
#include <string.h>

#include "ledger_internal.h"

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

bool flash_ledger_read_generation(struct flash_ledger *ledger, int64_t *ret_generation,
                                  struct flash_error *err)
{
    int64_t generation = 0;
    struct flash_query query = {.sql = "SELECT generation FROM generation WHERE id = 1",
                                .column_count = 1,
                                .row = take_number,
                                .arg = &generation};
    if (!flash_mysql_connect(ledger->mysql, err) ||
        !flash_mysql_query(ledger->mysql, &query, err)) {
        return false;
    }
    if (!generation) {
        return flash_error_set(err, FLASH_ERROR_BUG, "the ledger has no generation");
    }
    *ret_generation = ledger->generation = generation;
    return true;
}

static bool take_entry(const struct flash_value *cell, struct flash_uuid *uuid)
{
    if (cell->null || cell->bytes.len != sizeof(uuid->bytes)) {
        return false;
    }
    memcpy(uuid->bytes, cell->bytes.at, sizeof(uuid->bytes));
    return true;
}

static bool take_progress(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct flash_progress *progress = arg;
    progress->applied = cells[0].number;
    progress->acked = progress->settled = cells[1].number;
    progress->has_applied_entry = take_entry(&cells[2], &progress->applied_entry);
    progress->has_acked_entry = take_entry(&cells[3], &progress->acked_entry);
    progress->settled_entry = progress->acked_entry;
    progress->has_settled_entry = progress->has_acked_entry;
    progress->assigned = true;
    return true;
}

/* Makes the row of a new partition, or takes over one of an older generation (a recovery rewinds
 * before: rule 14). */
static bool make_row(struct flash_ledger *ledger, int partition, struct flash_error *err)
{
    struct flash_value topic = flash_value_text(ledger->topic);
    struct flash_value number = flash_value_int(partition);
    struct flash_value generation = flash_value_int(ledger->generation);
    struct flash_value insert[] = {topic, number, generation, topic, number};
    struct flash_value raise[] = {generation, topic, number, generation};
    return flash_mysql_exec(ledger->mysql,
                            "INSERT INTO consumer_progress (topic, partition_no, generation, "
                            "updated_at_ms) SELECT ?, ?, ?, 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 "
                            "FROM consumer_progress WHERE topic = ? AND partition_no = ?)",
                            insert, 5, NULL, err) &&
           flash_mysql_exec(ledger->mysql,
                            "UPDATE consumer_progress SET generation = ? WHERE topic = ? AND "
                            "partition_no = ? AND generation < ?",
                            raise, 4, NULL, err);
}

bool flash_ledger_read_progress(struct flash_ledger *ledger, int partition,
                                struct flash_progress *progress, struct flash_error *err)
{
    struct flash_value params[] = {flash_value_text(ledger->topic), flash_value_int(partition)};
    struct flash_query query = {
        .sql = "SELECT applied, acked, applied_entry, acked_entry FROM consumer_progress "
               "WHERE topic = ? AND partition_no = ?",
        .params = params,
        .param_count = 2,
        .column_count = 4,
        .row = take_progress,
        .arg = progress,
    };
    int64_t generation;
    memset(progress, 0, sizeof(*progress));
    if (!flash_ledger_read_generation(ledger, &generation, err) ||
        !make_row(ledger, partition, err) || !flash_mysql_query(ledger->mysql, &query, err)) {
        return false;
    }
    return progress->assigned ||
           flash_error_set(err, FLASH_ERROR_BUG, "no progress row for partition %d", partition);
}

struct comparison {
    const struct flash_ledger *ledger;
    const struct flash_progress_table *table;
    int same; /* rows, of assigned partitions */
};

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    enum { PARTITION, APPLIED, ACKED, ROW_GENERATION, GENERATION };
    struct comparison *comparison = arg;
    int64_t partition = cells[PARTITION].number, generation = comparison->ledger->generation;
    (void)count;
    if (partition >= 0 && partition < FLASH_BATCH_PARTITIONS) {
        const struct flash_progress *progress = &comparison->table->partitions[partition];
        comparison->same += progress->assigned && cells[APPLIED].number == progress->applied &&
                            cells[ACKED].number >= progress->acked &&
                            cells[ROW_GENERATION].number == generation &&
                            cells[GENERATION].number == generation;
    }
    return true;
}

bool flash_ledger_compare_progress(struct flash_ledger *ledger,
                                   const struct flash_progress_table *table, bool *ret_same,
                                   struct flash_error *err)
{
    struct comparison comparison = {ledger, table, 0};
    struct flash_value topic = flash_value_text(ledger->topic);
    struct flash_query query = {
        .sql = "SELECT p.partition_no, p.applied, p.acked, p.generation, g.generation "
               "FROM consumer_progress p JOIN generation g ON g.id = 1 WHERE p.topic = ?",
        .params = &topic,
        .param_count = 1,
        .column_count = 5,
        .row = take_row,
        .arg = &comparison,
    };
    int assigned = 0;
    for (int p = 0; p < FLASH_BATCH_PARTITIONS; p++) {
        assigned += table->partitions[p].assigned;
    }
    if (!flash_mysql_connect(ledger->mysql, err) ||
        !flash_mysql_query(ledger->mysql, &query, err)) {
        return false;
    }
    *ret_same = comparison.same == assigned;
    return true;
}

static struct flash_value entry_value(bool has, const struct flash_uuid *uuid)
{
    return flash_value_bytes(has ? uuid->bytes : NULL, sizeof(uuid->bytes));
}

struct move {
    struct flash_ledger *ledger;
    int64_t now_ms;
    int64_t changed; /* rows of the last update: 1, or the row was not as this consumer read it */
};

static bool move_one(struct move *move, int partition, const struct flash_progress *progress,
                     struct flash_error *err)
{
    struct flash_ledger *ledger = move->ledger;
    bool moves = progress->next > progress->applied;
    int64_t applied = moves ? progress->next : progress->applied;
    struct flash_value params[] = {
        flash_value_int(applied),
        flash_value_int(progress->settled),
        moves ? entry_value(progress->has_next_entry, &progress->next_entry)
              : entry_value(progress->has_applied_entry, &progress->applied_entry),
        entry_value(progress->has_settled_entry, &progress->settled_entry),
        flash_value_int(move->now_ms),
        flash_value_text(ledger->topic),
        flash_value_int(partition),
        flash_value_int(ledger->generation),
        flash_value_int(progress->applied),
    };
    /* updated_at_ms always grows, so a matched row is a changed row. */
    return flash_mysql_exec(ledger->mysql,
                            "UPDATE consumer_progress SET applied = ?, acked = ?, "
                            "applied_entry = ?, acked_entry = ?, "
                            "updated_at_ms = GREATEST(updated_at_ms + 1, ?) "
                            "WHERE topic = ? AND partition_no = ? AND generation = ? "
                            "AND applied = ?",
                            params, 9, &move->changed, err);
}

bool flash_ledger_move_progress(struct flash_ledger *ledger, const struct flash_ledger_work *work,
                                bool *ret_held, struct flash_error *err)
{
    struct move move = {ledger, work->now_ms, 0};
    *ret_held = true;
    for (int p = 0; p < FLASH_BATCH_PARTITIONS && *ret_held; p++) {
        const struct flash_progress *progress = &work->progress->partitions[p];
        bool due = progress->next || (progress->assigned && progress->settled > progress->acked);
        if (!due) {
            continue;
        }
        if (!progress->assigned) {
            *ret_held = false; /* a message of a partition that is not ours any more */
        } else if (!move_one(&move, p, progress, err)) {
            return false;
        } else {
            *ret_held = move.changed == 1;
        }
    }
    return true;
}

bool flash_ledger_reset_progress(struct flash_ledger *ledger,
                                 const struct flash_ledger_reset *reset, struct flash_error *err)
{
    struct flash_value params[] = {
        flash_value_int(reset->offset),      flash_value_int(reset->offset),
        flash_value_text(ledger->topic),     flash_value_int(reset->partition),
        flash_value_int(ledger->generation), flash_value_int(reset->applied),
    };
    return flash_mysql_exec(ledger->mysql,
                            "UPDATE consumer_progress SET applied = ?, acked = ?, "
                            "applied_entry = NULL, acked_entry = NULL, "
                            "updated_at_ms = updated_at_ms + 1 WHERE topic = ? AND "
                            "partition_no = ? AND generation = ? AND applied = ?",
                            params, 6, NULL, err);
}
