/* flash/mysql.h with two tables in memory, reconcile_run and reconcile_finding, for the tests of
 * who writes them. What is inserted counts once its transaction is committed; a step fails as the
 * test says. */
#ifndef TESTS_RECONCILER_FAKE_RECORD_H
#define TESTS_RECONCILER_FAKE_RECORD_H

#include "flash/mysql.h"

enum fake_record_step {
    FAKE_RECORD_BEGIN_RUN,
    FAKE_RECORD_BEGIN,
    FAKE_RECORD_INSERT,
    FAKE_RECORD_COMMIT,
    FAKE_RECORD_COUNT,
    FAKE_RECORD_END_RUN,
    FAKE_RECORD_STEPS,
};

/* A cell as text, a number in decimal; NULL is "NULL". */
struct fake_record_row {
    char cells[13][480]; /* in the order of the statement's columns */
};

/* Forgets everything. */
void fake_record_reset(void);
/* The step's next times runs fail with that class. A COMMIT or statement that took effect although
 * no answer came: effect. */
void fake_record_fail(enum fake_record_step step, enum flash_mysql_class class, int times,
                      bool effect);
/* How often a step was tried. */
int fake_record_tried(enum fake_record_step step);
int fake_record_findings(void);
const struct fake_record_row *fake_record_finding(int i);
/* The parameters of the last INSERT and the last UPDATE of a run; NULL: there was none. */
const struct fake_record_row *fake_record_begun(void);
const struct fake_record_row *fake_record_ended(void);

#endif
