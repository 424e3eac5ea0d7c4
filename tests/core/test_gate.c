/* The gate record: what opens, and that anything else is closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flash/gate.h"

#define RUN "0123456789abcdef0123456789abcdef01234567"

static struct flash_gate parse(const char *text)
{
    return flash_gate_parse((struct flash_text){text, strlen(text)});
}

static void an_open_gate_admits_its_generation_on_its_server_only(void **state)
{
    (void)state;
    struct flash_gate gate = parse("open:7:" RUN);
    assert_int_equal(gate.word, FLASH_GATE_OPEN);
    assert_int_equal(gate.generation, 7);
    assert_true(flash_gate_admits(&gate, 7, RUN));
    assert_false(flash_gate_admits(&gate, 8, RUN));
    assert_false(flash_gate_admits(&gate, 6, RUN));
    assert_false(flash_gate_admits(&gate, 7, "f123456789abcdef0123456789abcdef01234567"));
    assert_false(flash_gate_admits(&gate, 7, "0123456789abcdef"));
    assert_false(flash_gate_admits(&gate, 7, ""));
}

static void a_closed_gate_has_a_cause_and_admits_nobody(void **state)
{
    (void)state;
    struct flash_gate gate = parse("closed:7:forgotten");
    assert_int_equal(gate.word, FLASH_GATE_CLOSED);
    assert_int_equal(gate.more.len, strlen("forgotten"));
    assert_memory_equal(gate.more.at, "forgotten", gate.more.len);
    assert_false(flash_gate_admits(&gate, 7, "forgotten"));
}

static void what_cannot_be_read_is_no_gate(void **state)
{
    static const char *const texts[] = {"",
                                        "open",
                                        "open:",
                                        "open:7",
                                        "open::x",
                                        "open:x:y",
                                        "Open:7:" RUN,
                                        "open:-7:" RUN,
                                        "ajar:7:",
                                        "openness",
                                        "open:9999999999999999999:" RUN};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct flash_gate gate = parse(texts[i]);
        assert_int_equal(gate.word, FLASH_GATE_NONE);
        assert_false(flash_gate_admits(&gate, gate.generation, RUN));
    }
}

static void a_gate_open_for_no_server_admits_nobody(void **state)
{
    (void)state;
    struct flash_gate gate = parse("open:7:");
    assert_int_equal(gate.word, FLASH_GATE_OPEN);
    assert_false(flash_gate_admits(&gate, 7, ""));
    assert_false(flash_gate_admits(&gate, 7, RUN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_gate_admits_its_generation_on_its_server_only),
        cmocka_unit_test(a_closed_gate_has_a_cause_and_admits_nobody),
        cmocka_unit_test(what_cannot_be_read_is_no_gate),
        cmocka_unit_test(a_gate_open_for_no_server_admits_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
