/* Fault points: named steps at which a test build can be killed.
 *
 * FLASH_FAULT("reconcile.fenced") is nothing in a normal build. Compiled with FLASH_FAULTS it kills
 * the process (SIGKILL) when the environment's FLASH_FAULT is that name, or, as name:n, when it
 * comes there for the n-th time; with FLASH_FAULT_FREEZES in the environment it is frozen (SIGSTOP)
 * instead, and goes on from there when it is let go. Any thread. */
#ifndef FLASH_FAULT_H
#define FLASH_FAULT_H

#ifdef FLASH_FAULTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static inline void flash_fault(const char *name, _Atomic int *times)
{
    const char *wanted = getenv("FLASH_FAULT");
    size_t len = strlen(name);
    if (wanted && strncmp(wanted, name, len) == 0 && (wanted[len] == '\0' || wanted[len] == ':')) {
        long at = wanted[len] == ':' ? strtol(wanted + len + 1, NULL, 10) : 1;
        if (atomic_fetch_add(times, 1) + 1 == at) {
            raise(getenv("FLASH_FAULT_FREEZES") ? SIGSTOP : SIGKILL); /* this thread stops here */
        }
    }
}

#define FLASH_FAULT(name)                                                                          \
    do {                                                                                           \
        static _Atomic int times_here;                                                             \
        flash_fault(name, &times_here);                                                            \
    } while (0)
#else
#define FLASH_FAULT(name) ((void)0)
#endif

#endif
