/* One mapping with an inaccessible page behind it, made at the first call and kept. */
#include "guarded.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *map(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *start =
        mmap(NULL, GUARDED_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert(start != MAP_FAILED && GUARDED_MAX % page == 0);
    int rc = mprotect(start + GUARDED_MAX, page, PROT_NONE);
    assert(rc == 0);
    return start;
}

struct flash_text guarded(const void *bytes, size_t len)
{
    static char *start;

    assert(len <= GUARDED_MAX);
    if (start == NULL) {
        start = map();
    }
    char *at = start + GUARDED_MAX - len;
    memmove(at, bytes, len);
    return (struct flash_text){at, len};
}
