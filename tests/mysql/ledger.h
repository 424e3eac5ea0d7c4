/* Short forms for tests of flash_mysql: connections, values, statements that must work or must not.
 */
#ifndef FLASH_TESTS_MYSQL_LEDGER_H
#define FLASH_TESTS_MYSQL_LEDGER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flash/mysql.h"

#define NUMBER(n) ((struct flash_value){.type = FLASH_COLUMN_INT, .number = (n)})
#define BYTES(p, n) ((struct flash_value){.type = FLASH_COLUMN_BYTES, .bytes = {(p), (n)}})
#define TEXT(s) BYTES((s), sizeof(s) - 1)
#define NOTHING ((struct flash_value){.type = FLASH_COLUMN_BYTES, .null = true})

struct flash_mysql *ledger_new(const struct flash_config *config);
/* Must succeed. */
void ledger_begin(struct flash_mysql *mysql);
void ledger_commit(struct flash_mysql *mysql);
/* Rows changed by a statement without parameters that must succeed. */
int64_t ledger_run(struct flash_mysql *mysql, const char *sql);
/* The one number a query without parameters answers. */
int64_t ledger_number(struct flash_mysql *mysql, const char *sql);
/* A statement without parameters that must fail so. */
void ledger_refused(struct flash_mysql *mysql, const char *sql, enum flash_mysql_class class,
                    enum flash_error_kind kind);

#endif
