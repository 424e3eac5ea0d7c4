/* Messages of the orders topic, written for a test in a line of text each. */
#ifndef FLASH_TESTS_CONSUMER_LETTER_H
#define FLASH_TESTS_CONSUMER_LETTER_H

#include "flash/entry.h"
#include "flash/kafka_subscriber.h"

#define LETTER_GENERATION 7
#define LETTER_DUE 1763719800

struct letter {
    enum flash_entry_type type;
    int id; /* the same number is the same entry */
    int64_t sku;
    const char *lines;  /* "ref:user:quantity[:from[:payment]] …"; a take's end with ":reason" */
    int64_t generation; /* 0: LETTER_GENERATION */
    int partition;
    int64_t offset;
};

/* The message, which flash_message_free frees. */
struct flash_message letter_write(const struct letter *letter);
/* One whose value is text, whatever that is. */
struct flash_message letter_text(const char *text, int partition, int64_t offset);
struct flash_uuid letter_uuid(int id);
/* The stream id of entry id, as settle names it; static, of the last call. */
const char *letter_stream_id(int id);

#endif
