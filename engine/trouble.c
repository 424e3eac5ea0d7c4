/* Says each cause once; see trouble.h. */
#include "trouble.h"

#include <stdio.h>
#include <string.h>

#include "flash/log.h"

void flash_trouble_tell(struct flash_trouble *trouble, const char *text, size_t cause_len)
{
    char cause[sizeof(trouble->cause)];
    snprintf(cause, sizeof(cause), "%.*s", (int)cause_len, text);
    if (strcmp(cause, trouble->cause) == 0) {
        return;
    }
    memcpy(trouble->cause, cause, sizeof(cause));
    if (*cause) {
        FLASH_LOG(WARN, trouble->away, FLASH_TEXT("error", text));
    } else {
        FLASH_LOG(INFO, trouble->back);
    }
}
