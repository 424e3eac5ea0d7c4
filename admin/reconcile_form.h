/* What requests about the reconciler's runs and findings ask for. Pure.
 *
 * Lists are youngest first, by keys that only grow; a cursor is the key of the last row that was
 * given, so what is written meanwhile neither repeats nor hides a row. */
#ifndef ADMIN_RECONCILE_FORM_H
#define ADMIN_RECONCILE_FORM_H

#include "flash/ids.h"
#include "page.h"

#define FLASH_RECONCILE_LIMIT_DEFAULT 100
#define FLASH_RECONCILE_LIMIT_MAX 500
#define FLASH_RECONCILE_WORD_MAX 32 /* reconcile_finding.cause */

struct flash_reconcile_form {
    int64_t limit;
    int64_t sku;                              /* 0: of all */
    char cause[FLASH_RECONCILE_WORD_MAX + 1]; /* "": any */
    char state[FLASH_RECONCILE_WORD_MAX + 1]; /* "": any */
    char mode[FLASH_RECONCILE_WORD_MAX + 1];  /* "": any */
    bool has_run;
    struct flash_uuid run;        /* the one asked for, or whose findings are */
    struct flash_uuid before_run; /* runs: younger ones were given; all ones: none yet */
    int64_t before_id;            /* findings likewise; INT64_MAX: none yet */
    enum flash_list_format format;
};

/* mode, state, limit (100), cursor. False: *ret_detail is a sentence for the caller (static). */
FLASH_MUST_CHECK bool flash_reconcile_form_runs(struct flash_text query,
                                                struct flash_reconcile_form *ret_form,
                                                const char **ret_detail);
/* cause, state, sku, run, limit (100), cursor. */
FLASH_MUST_CHECK bool flash_reconcile_form_findings(struct flash_text query,
                                                    struct flash_reconcile_form *ret_form,
                                                    const char **ret_detail);

#endif
