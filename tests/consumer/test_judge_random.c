/* Random histories against a model that judges one line after the other and knows no batches: same
 * rows, stock, verdicts, refunds and parked lines, however the entries are cut into batches,
 * repeated and reordered. FLASH_SEED=n repeats one history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk.h"

#define ORDERS 40
#define ENTRIES 600
#define LINES 5
#define BASE 100

/* DESIGN §4 and §5.1, once more and naively. */
struct model {
    struct {
        char state;                     /* 0: no row; C P X D T S */
        int version, quantity, payment; /* payment 0: none */
    } rows[ORDERS];
    int available;
    bool refund[ORDERS][8];
};

struct line {
    int order, quantity, from, payment;
};

struct made {
    enum flash_entry_type type;
    int count;
    struct line lines[LINES];
    bool sent, clean;
};

static uint64_t seed;
static struct made entries[ENTRIES];

static unsigned draw(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

/* 'a'pplied, 'r'efused or 'p'arked. */
static char model_move(struct model *model, enum flash_entry_type type, const struct line *line)
{
    static const char from[] = {[FLASH_ENTRY_PAY] = 'C',
                                [FLASH_ENTRY_CANCEL] = 'C',
                                [FLASH_ENTRY_EXPIRE] = 'C',
                                [FLASH_ENTRY_RETURN] = 'P'};
    static const char to[] = {[FLASH_ENTRY_PAY] = 'P',
                              [FLASH_ENTRY_CANCEL] = 'X',
                              [FLASH_ENTRY_EXPIRE] = 'D',
                              [FLASH_ENTRY_RETURN] = 'T'};
    if (!model->rows[line->order].state || model->rows[line->order].version < line->from) {
        return 'p';
    }
    bool fits = model->rows[line->order].version == line->from &&
                model->rows[line->order].state == from[type];
    if (model->rows[line->order].version == line->from) {
        model->rows[line->order].version++;
    }
    if (!fits) {
        bool pays = type == FLASH_ENTRY_PAY && model->rows[line->order].payment != line->payment;
        model->refund[line->order][line->payment] |= pays;
        return 'r';
    }
    model->rows[line->order].state = to[type];
    model->rows[line->order].payment =
        type == FLASH_ENTRY_PAY ? line->payment : model->rows[line->order].payment;
    model->available += type == FLASH_ENTRY_PAY ? 0 : model->rows[line->order].quantity;
    return 'a';
}

static bool model_reserve(struct model *model, const struct line *line)
{
    if (model->rows[line->order].state) {
        return false;
    }
    bool enough = model->available >= line->quantity;
    model->rows[line->order].state = enough ? 'C' : 'S';
    model->rows[line->order].version = 1;
    model->rows[line->order].quantity = line->quantity;
    model->available -= enough ? line->quantity : 0;
    return enough;
}

/* Judges an entry that was not sent before; returns how many of its lines were parked. */
static int model_take(struct model *model, struct made *made)
{
    int parked = 0;
    made->clean = true;
    for (int i = 0; i < made->count; i++) {
        const struct line *line = &made->lines[i];
        char fate = made->type == FLASH_ENTRY_RESERVE ? (model_reserve(model, line) ? 'a' : 'r')
                                                      : model_move(model, made->type, line);
        made->clean &= fate == 'a';
        parked += fate == 'p';
    }
    return parked;
}

/* ---- the history ---- */

static bool has_order(const struct made *made, int order)
{
    for (int i = 0; i < made->count; i++) {
        if (made->lines[i].order == order) {
            return true;
        }
    }
    return false;
}

/* Transitions start mostly from the version the order has, now and then from an earlier or later
 * one. */
static void make_entry(struct made *made, const struct model *model)
{
    static const enum flash_entry_type types[] = {
        FLASH_ENTRY_RESERVE, FLASH_ENTRY_RESERVE, FLASH_ENTRY_PAY,   FLASH_ENTRY_PAY,
        FLASH_ENTRY_CANCEL,  FLASH_ENTRY_EXPIRE,  FLASH_ENTRY_RETURN};
    int count = 1 + (int)draw(LINES);
    *made = (struct made){.type = types[draw(7)]};
    for (int i = 0; i < count; i++) {
        struct line line = {.order = (int)draw(ORDERS), .quantity = 1 + (int)draw(9)};
        int version = model->rows[line.order].state ? model->rows[line.order].version : 1;
        int shift = draw(4) ? 0 : (int)draw(4) - 2;
        line.from = version + shift > 0 ? version + shift : 1;
        line.payment = 1 + (int)draw(7);
        if (made->type == FLASH_ENTRY_PAY || !has_order(made, line.order)) {
            made->lines[made->count++] = line;
        }
    }
}

static void send(struct desk *desk, int number)
{
    static char refs[ORDERS][8], payments[8][8];
    struct desk_line lines[LINES + 1] = {{.ref = NULL}};
    const struct made *made = &entries[number];
    for (int i = 0; i < made->count; i++) {
        const struct line *line = &made->lines[i];
        (void)snprintf(refs[line->order], sizeof(refs[0]), "o%d", line->order);
        (void)snprintf(payments[line->payment], sizeof(payments[0]), "p%d", line->payment);
        lines[i] = (struct desk_line){refs[line->order], "u", line->quantity, line->from,
                                      payments[line->payment]};
    }
    desk_add(desk, number, made->type, lines);
}

static char letter_of(const struct desk_row *row)
{
    return row ? flash_state_letter(row->state) : '\0';
}

static void compare(struct desk *desk, const struct model *model, int parked)
{
    for (int i = 0; i < ORDERS; i++) {
        char ref[16], payment[16];
        (void)snprintf(ref, sizeof(ref), "o%d", i);
        const struct desk_row *row = desk_find(desk, ref);
        assert_int_equal(letter_of(row), model->rows[i].state);
        for (int p = 1; p < 8; p++) {
            (void)snprintf(payment, sizeof(payment), "p%d", p);
            assert_int_equal(desk_refunds(desk, ref, payment), model->refund[i][p]);
            assert_int_equal(row && strcmp(row->payment, payment) == 0,
                             row && model->rows[i].payment == p);
        }
        if (row) {
            assert_int_equal(row->version, model->rows[i].version);
            assert_int_equal(row->quantity, model->rows[i].quantity);
        }
    }
    assert_int_equal(desk_stock_of(desk, DESK_SKU)->available, model->available);
    assert_int_equal(desk->parked_count, parked);
}

static void compare_verdicts(const struct desk *desk)
{
    for (int i = 0; i < desk->batch.message_count; i++) {
        const struct flash_batch_entry *entry = &desk->batch.entries[i];
        bool told = entry->fate == FLASH_FATE_APPLY || entry->fate == FLASH_FATE_DUPLICATE;
        if (told) {
            assert_int_equal(entry->clean, entries[entry->offset].clean);
        }
    }
}

/* Parked lines leave in the desk's order, and the model follows; returns how many left. */
static int unpark(struct desk *desk, struct model *model)
{
    static struct desk_parked parked;
    int count = 0;
    while (desk_unpark(desk, &parked)) {
        const struct made *made = &entries[parked.number];
        char fate = model_move(model, made->type, &made->lines[parked.line_no]);
        assert_true(fate != 'p');
        assert_int_equal(desk_fate(desk, 0, 0),
                         fate == 'a' ? FLASH_LINE_APPLIED : FLASH_LINE_REFUSED);
        count++;
    }
    return count;
}

static void run_history(struct desk *desk)
{
    struct model model = {.available = BASE};
    int parked = 0, made = 0;
    while (made < ENTRIES) {
        for (int i = 1 + (int)draw(12); i > 0 && made < ENTRIES; i--) {
            if (made > 0 && draw(4) == 0) {
                send(desk, (int)draw((unsigned)made)); /* again: of this batch or of an earlier */
                continue;
            }
            make_entry(&entries[made], &model);
            parked += model_take(&model, &entries[made]);
            send(desk, made++);
        }
        desk_commit(desk);
        compare_verdicts(desk);
        compare(desk, &model, parked);
        if (draw(2)) {
            parked -= unpark(desk, &model);
            compare(desk, &model, parked);
        }
    }
    assert_true(desk->refund_count > 20 && desk->verdict_count == ENTRIES);
}

static void test_random_histories(void **unused)
{
    const char *chosen = getenv("FLASH_SEED");
    (void)unused;
    for (uint64_t start = 1; start <= (chosen ? 1 : 4); start++) {
        void *state;
        seed = chosen ? strtoull(chosen, NULL, 10) : start;
        print_message("seed %llu\n", (unsigned long long)seed);
        assert_int_equal(desk_open(&state), 0);
        run_history(state);
        assert_int_equal(desk_close(&state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_histories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
