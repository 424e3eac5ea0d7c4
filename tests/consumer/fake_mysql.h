/* flash/mysql.h without a database: what was asked is kept as text, rows come from the test, and
 * one step fails as it says. */
#ifndef FLASH_TESTS_CONSUMER_FAKE_MYSQL_H
#define FLASH_TESTS_CONSUMER_FAKE_MYSQL_H

#include "flash/mysql.h"

/* Forgets everything. */
void fake_mysql_reset(void);
/* What was done so far, a word each: BEGIN, COMMIT, ROLLBACK, or a statement's first word and its
 * table: "SELECT stock", "INSERT verdict" with the number of rows of a bulk: "INSERT verdict*3". */
const char *fake_mysql_steps(void);
/* The step that reads so fails with class; NULL: none. */
void fake_mysql_fail(const char *step, enum flash_mysql_class class);
/* Asked for the rows of each query, of key_count keys; row may be called from it. */
typedef void (*fake_mysql_rows)(const char *table, const struct flash_query_in *query);
void fake_mysql_set_rows(fake_mysql_rows rows);
/* Likewise of each query without such a list. */
typedef void (*fake_mysql_answer)(const char *table, const struct flash_query *query);
void fake_mysql_set_answer(fake_mysql_answer answer);
/* How many rows the next updates of consumer_progress change; 1 at the start. */
void fake_mysql_set_changed(int64_t changed);

#endif
