/* include/flash/mysql.h without a ledger, for unit tests of who uses it: each call of begin, a
 * statement or commit ends as the test has written down, in order; what is not written down
 * succeeds. */
#ifndef FLASH_TESTS_FAKE_MYSQL_H
#define FLASH_TESTS_FAKE_MYSQL_H

#include "flash/mysql.h"

enum fake_step { FAKE_BEGIN, FAKE_STATEMENT, FAKE_COMMIT };

/* The next call of that kind without a class yet fails with it; OK: it succeeds. */
void fake_mysql_expect(enum fake_step step, enum flash_mysql_class class);
/* Forgets everything; the connection is made. */
void fake_mysql_reset(void);
void fake_mysql_disconnect(void);
int fake_mysql_count(enum fake_step step);
int fake_mysql_rollbacks(void);

#endif
