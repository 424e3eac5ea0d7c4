/* The ledger's inflows, as they are handed on (DESIGN §8, docs/FORMATS.md "Inflows and takes"). */
#ifndef FLASH_INFLOW_H
#define FLASH_INFLOW_H

#include "flash/ids.h"

/* A row of the ledger's inflow. */
struct flash_inflow {
    int64_t number;                    /* from 1 */
    int64_t quantity;                  /* signed */
    bool takes;                        /* it came by an entry of type take */
    struct flash_uuid entry;           /* takes: that entry */
    char reference[FLASH_REF_MAX + 1]; /* takes: NUL-terminated */
    int64_t created_ms;                /* by the ledger writer's clock */
};

#define FLASH_INFLOW_PAGE 64

struct flash_inflow_page {
    int64_t from; /* the lowest number that is wanted */
    int count;
    struct flash_inflow rows[FLASH_INFLOW_PAGE]; /* in order */
};

#endif
