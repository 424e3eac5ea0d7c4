/* librdkafka's worst end, preloaded by test_consumer: rd_kafka_destroy waits for ever. */
#include <unistd.h>

void rd_kafka_destroy(void *rk);

void rd_kafka_destroy(void *rk)
{
    (void)rk;
    for (;;) {
        pause();
    }
}
