/* The fake probe: one at a time; see fake_probe.h. */
#include "fake_probe.h"

#include <stdlib.h>

struct flash_probe {
    char unused;
};

static struct {
    bool open;
    int asked;
    int64_t offset;
    enum flash_probe_answer answer;
    struct flash_message message;
} fake = {.offset = -1};

void fake_probe_reset(void)
{
    if (fake.answer == FLASH_PROBE_MESSAGE) {
        flash_message_free(&fake.message);
    }
    fake.open = false;
    fake.asked = 0;
    fake.offset = -1;
    fake.answer = FLASH_PROBE_NOTHING;
}

void fake_probe_message(const struct flash_message *message)
{
    fake.answer = FLASH_PROBE_MESSAGE;
    fake.message = *message;
}

void fake_probe_absent(void)
{
    fake.answer = FLASH_PROBE_ABSENT;
}

int fake_probe_asked(void)
{
    return fake.asked;
}

int64_t fake_probe_offset(void)
{
    return fake.offset;
}

bool flash_probe_new(const struct flash_config *config, struct flash_probe **ret_probe,
                     struct flash_error *err)
{
    (void)config;
    struct flash_probe *probe = calloc(1, sizeof(*probe));
    if (probe == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "out of memory");
    }
    fake_probe_reset();
    *ret_probe = probe;
    return true;
}

bool flash_probe_ask(struct flash_probe *probe, int partition, int64_t offset,
                     struct flash_error *err)
{
    (void)probe;
    (void)partition;
    (void)err;
    fake.open = true;
    fake.asked++;
    fake.offset = offset;
    return true;
}

enum flash_probe_answer flash_probe_hear(struct flash_probe *probe,
                                         struct flash_message *ret_message)
{
    (void)probe;
    enum flash_probe_answer answer = fake.open ? fake.answer : FLASH_PROBE_NOTHING;
    if (answer != FLASH_PROBE_NOTHING) {
        fake.open = false;
        fake.answer = FLASH_PROBE_NOTHING;
        *ret_message = fake.message;
    }
    return answer;
}

void flash_probe_free(struct flash_probe *probe)
{
    if (probe != NULL) {
        fake_probe_reset();
        free(probe);
    }
}
