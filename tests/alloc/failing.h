/* Allocations that fail when told: the n-th from now on, once.
 *
 * Linked with --wrap, it takes the calls of the code under test, of libevent and of jansson; the
 * fakes and rigs beside it are compiled to call the real ones, so that only the product's fail. */
#ifndef FLASH_TESTS_FAILING_H
#define FLASH_TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

/* Before anything else in main. */
void failing_init(void);
/* The n-th allocation from now on fails; 0: none. */
void failing_arm(size_t n);
/* No more fails; whether one did. */
bool failing_disarm(void);
/* Between these nothing fails or is counted: for what the test itself allocates on the way. */
void failing_pause(void);
void failing_resume(void);

#endif
