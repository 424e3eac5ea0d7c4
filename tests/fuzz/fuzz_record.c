/* Fuzzes what Redis hands back: an order's record, and a SKU's gate. What is accepted is within its
 * limits and borrowed from the input. */
#include <stdlib.h>
#include <string.h>

#include "flash/gate.h"
#include "flash/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct flash_text input;

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void check_within(struct flash_text part)
{
    check(part.len == 0 || (part.at >= input.at && part.at + part.len <= input.at + input.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flash_record record;
    input = (struct flash_text){(const char *)data, size};
    if (flash_record_parse(input, &record)) {
        check(record.version >= 0 && record.quantity >= 0 && record.at_us >= 0 &&
              record.due_s >= 0);
        check(flash_user_valid(record.user));
        check_within(record.user);
        check_within(record.payment);
    }
    struct flash_gate gate = flash_gate_parse(input);
    check_within(gate.more);
    if (gate.word == FLASH_GATE_NONE) {
        check(!flash_gate_admits(&gate, gate.generation, "0"));
    }
    if (flash_gate_admits(&gate, gate.generation, "0123456789abcdef0123456789abcdef01234567")) {
        check(gate.word == FLASH_GATE_OPEN && gate.more.len == FLASH_GATE_RUN_ID);
    }
    return 0;
}
