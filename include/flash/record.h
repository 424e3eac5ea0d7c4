/* An order's record as Redis keeps it (docs/FORMATS.md, "Record"). */
#ifndef FLASH_RECORD_H
#define FLASH_RECORD_H

#include "flash/ids.h"
#include "flash/state.h"

struct flash_record {
    enum flash_state state; /* 'A' and 'Q' are QUEUED */
    int version;
    int quantity;
    int64_t at_us;             /* last change, by Redis' clock */
    int64_t due_s;             /* deadline to pay, 0 for none */
    struct flash_text user;    /* borrowed from the text */
    struct flash_text payment; /* the payment that paid it, borrowed; empty: none */
};

/* Parses a record or a derived record; false, *ret_record unspecified, when it is not one. */
FLASH_MUST_CHECK bool flash_record_parse(struct flash_text text, struct flash_record *ret_record);

#endif
