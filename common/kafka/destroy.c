/* The end of a client, in bounded time; see internal.h. */
#include <time.h>

#include "internal.h"

static void *destroy(void *arg)
{
    rd_kafka_destroy(arg);
    return NULL;
}

void flash_kafka_destroy(rd_kafka_t *rk)
{
    pthread_t thread;
    struct timespec end;
    if (pthread_create(&thread, NULL, destroy, rk) != 0) {
        return; /* as one that is not over in time */
    }
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += FLASH_KAFKA_DESTROY_S;
    (void)pthread_timedjoin_np(thread, NULL, &end);
}
