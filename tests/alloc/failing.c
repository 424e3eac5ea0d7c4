/* malloc, calloc and realloc of the code under test; see failing.h. */
#include "failing.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static size_t seen, failing_at;
static bool failed, armed;

static bool fails(void)
{
    if (!armed || ++seen != failing_at) {
        return false;
    }
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return fails() ? NULL : __real_realloc(at, size);
}

void failing_init(void)
{
    event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
    json_set_alloc_funcs(__wrap_malloc, free);
}

void failing_arm(size_t n)
{
    seen = 0;
    failing_at = n;
    failed = false;
    armed = true;
}

bool failing_disarm(void)
{
    armed = false;
    return failed;
}

void failing_pause(void)
{
    armed = false;
}

void failing_resume(void)
{
    armed = true;
}
