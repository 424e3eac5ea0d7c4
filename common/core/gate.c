/* Reads the gate record, `open:<generation>:<run id>` or `closed:<generation>:<cause>`. Pure. */
#include "flash/gate.h"

#include <string.h>

#define DIGITS_MAX 18

static bool take_word(struct flash_text *text, const char *word)
{
    size_t len = strlen(word);
    if (text->len < len || memcmp(text->at, word, len) != 0) {
        return false;
    }
    *text = (struct flash_text){text->at + len, text->len - len};
    return true;
}

static bool take_number(struct flash_text *text, int64_t *ret_number)
{
    int64_t number = 0;
    size_t digits = 0;
    while (digits < text->len && digits < DIGITS_MAX && text->at[digits] >= '0' &&
           text->at[digits] <= '9') {
        number = number * 10 + (text->at[digits++] - '0');
    }
    *text = (struct flash_text){text->at + digits, text->len - digits};
    *ret_number = number;
    return digits > 0 && take_word(text, ":");
}

struct flash_gate flash_gate_parse(struct flash_text text)
{
    static const struct {
        const char *word;
        enum flash_gate_word is;
    } words[] = {{"open:", FLASH_GATE_OPEN}, {"closed:", FLASH_GATE_CLOSED}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct flash_gate gate = {.word = words[i].is};
        if (take_word(&text, words[i].word) && take_number(&text, &gate.generation)) {
            gate.more = text;
            return gate;
        }
    }
    return (struct flash_gate){.word = FLASH_GATE_NONE, .more = {"", 0}};
}

bool flash_gate_admits(const struct flash_gate *gate, int64_t generation, const char *run_id)
{
    size_t len = strlen(run_id);
    return gate->word == FLASH_GATE_OPEN && gate->generation == generation && len > 0 &&
           gate->more.len == len && memcmp(gate->more.at, run_id, len) == 0;
}
