/* A process with another clock: preloaded, it adds an offset to the wall clock, and to nothing
 * else.
 *
 * The offset, microseconds as a signed 64-bit number, is the first eight bytes of the file that
 * FLASH_SKEW_FILE names; it is mapped at the start and may change at any time. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MICROS = 1000000, NANOS_PER_MICRO = 1000 };

static const _Atomic int64_t *offset_us;

__attribute__((constructor)) static void map_offset(void)
{
    const char *path = getenv("FLASH_SKEW_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    offset_us = page == MAP_FAILED ? NULL : page;
    close(fd);
}

static int64_t now_us(int64_t *ret_nanos)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    *ret_nanos = now.tv_nsec % NANOS_PER_MICRO;
    return (int64_t)now.tv_sec * MICROS + now.tv_nsec / NANOS_PER_MICRO +
           (offset_us ? atomic_load(offset_us) : 0);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) {
        return (int)syscall(SYS_clock_gettime, clock, now);
    }
    int64_t nanos, us = now_us(&nanos);
    now->tv_sec = us / MICROS;
    now->tv_nsec = us % MICROS * NANOS_PER_MICRO + nanos;
    return 0;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict now,
                                                        void *restrict zone)
{
    (void)zone;
    int64_t nanos, us = now_us(&nanos);
    now->tv_sec = us / MICROS;
    now->tv_usec = us % MICROS;
    return 0;
}

__attribute__((visibility("default"))) time_t time(time_t *ret_now)
{
    int64_t nanos;
    time_t now = now_us(&nanos) / MICROS;
    if (ret_now) {
        *ret_now = now;
    }
    return now;
}
