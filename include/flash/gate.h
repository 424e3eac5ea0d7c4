/* A SKU's gate: the record beside it in Redis that says whether it may be sold (DESIGN §5.1 rules
 * 15, 16; docs/FORMATS.md). Written by lua/gate and lua/load. */
#ifndef FLASH_GATE_H
#define FLASH_GATE_H

#include "flash/ids.h"

#define FLASH_GATE_RUN_ID 40 /* hexadecimal digits of a Redis server's run id */

enum flash_gate_word {
    FLASH_GATE_NONE,   /* no record, or not one that can be read: closed */
    FLASH_GATE_CLOSED, /* more has the cause */
    FLASH_GATE_OPEN,   /* more has the run id of the server it is open on */
};

struct flash_gate {
    enum flash_gate_word word;
    int64_t generation;
    struct flash_text more; /* borrowed from the text */
};

struct flash_gate flash_gate_parse(struct flash_text text);

/* Whether it is open in this generation on the server with this run id ("": no server: never). */
bool flash_gate_admits(const struct flash_gate *gate, int64_t generation, const char *run_id);

#endif
