/* flashctl-pages: writes what is built from flashctl's tables: the source of a man page, the
 * completion, or the nouns that have a page. */
#include <string.h>

#include "help.h"

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "manual") == 0 && (argc == 2 || flash_ctl_noun_named(argv[2]))) {
        flash_ctl_manual(argc > 2 ? argv[2] : NULL, stdout);
    } else if (strcmp(what, "completion") == 0) {
        flash_ctl_completion(stdout);
    } else if (strcmp(what, "nouns") == 0) {
        for (const struct flash_ctl_noun *noun = flash_ctl_nouns; noun->name; noun++) {
            puts(noun->name);
        }
    } else {
        fprintf(stderr, "usage: flashctl-pages manual [NOUN] | completion | nouns\n");
        return FLASH_CTL_USAGE;
    }
    return fflush(stdout) == 0 ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
}
