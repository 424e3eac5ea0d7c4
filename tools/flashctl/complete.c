/* A completion for bash, written from the tables; see help.h.
 *
 * The script keeps three questions: the words behind a noun, the options of a verb, and the words
 * of an option in a verb. What it asks itself is the same that the parser asks. */
#include <string.h>

#include "help.h"
#include "parse.h"

static void put_words(const char *words, FILE *out)
{
    for (; *words; words++) {
        fputc(*words == '|' ? ' ' : *words, out);
    }
}

/* "noun)" or "noun name)" of a case. */
static void put_case(const struct flash_ctl_verb *verb, FILE *out)
{
    fprintf(out, "        '%s%s%s') ", verb->noun, verb->name ? " " : "",
            verb->name ? verb->name : "");
}

static void put_names(const char *noun, FILE *out)
{
    fprintf(out, "        %s) echo '", noun);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        if (strcmp(verb->noun, noun) == 0 && verb->name) {
            fprintf(out, "%s ", verb->name);
        }
    }
    fputs("' ;;\n", out);
}

static void put_options(FILE *out)
{
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        put_case(verb, out);
        fputs("echo '", out);
        for (int option = 1; option < FLASH_CTL_OPTION_COUNT; option++) {
            if ((verb->needs | verb->takes) & FLASH_CTL_BIT(option)) {
                fprintf(out, "--%s ", flash_ctl_options[option].name);
            }
        }
        fputs("--help' ;;\n", out);
    }
}

static void put_values(FILE *out)
{
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        if (verb->states) {
            fprintf(out, "        '%s%s%s --state') echo '", verb->noun, verb->name ? " " : "",
                    verb->name ? verb->name : "");
            put_words(verb->states, out);
            fputs("' ;;\n", out);
        }
    }
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        const struct flash_ctl_option_row *row = &flash_ctl_options[i];
        if (row->words) {
            fprintf(out, "        *' --%s') echo '", row->name);
            put_words(row->words, out);
            fputs("' ;;\n", out);
        } else if (row->kind == FLASH_CTL_KIND_FILE) {
            fprintf(out, "        *' --%s') echo '<file>' ;;\n", row->name);
        } else if (row->kind == FLASH_CTL_KIND_PROFILE) {
            fprintf(out, "        *' --%s') _flashctl_profiles ;;\n", row->name);
        } else if (row->value) {
            fprintf(out, "        *' --%s') echo '<text>' ;;\n", row->name);
        }
    }
}

/* The verbs whose first word without dashes is a file. */
static void put_file_verbs(FILE *out)
{
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        if (flash_ctl_verbs[i].bare[0] == FLASH_CTL_FILE) {
            put_case(&flash_ctl_verbs[i], out);
            fputs("return 0 ;;\n", out);
        }
    }
}

static const char head[] =
    "# Completion for flashctl in bash; built from its tables of commands and options.\n\n"
    "_flashctl_profiles() {\n"
    "    local file\n"
    "    for file in \"${XDG_CONFIG_HOME:-$HOME/.config}\"/flashctl/*.conf; do\n"
    "        [[ -e $file ]] && file=${file##*/} && echo \"${file%.conf}\"\n"
    "    done\n"
    "}\n\n";

static const char tail[] =
    "_flashctl() {\n"
    "    local current=$2 word noun='' verb='' choice expects=''\n"
    "    COMPREPLY=()\n"
    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
    "        if [[ $expects && $word == = ]]; then\n" /* bash splits --name=value there */
    "            continue\n"
    "        elif [[ $expects ]]; then\n"
    "            expects=''\n"
    "        elif [[ $word == --* ]]; then\n"
    "            [[ $word == *=* || -z $(_flashctl_values \"x $word\") ]] || expects=$word\n"
    "        elif [[ -z $noun ]]; then\n"
    "            noun=$word verb=$word\n"
    "            [[ -z $(_flashctl_names \"$noun\") ]] || verb=''\n"
    "        elif [[ -z $verb ]]; then\n"
    "            verb=\"$noun $word\"\n"
    "        fi\n"
    "    done\n"
    "    [[ $current != = ]] || current=''\n"
    "    if [[ $expects ]]; then\n"
    "        choice=$(_flashctl_values \"$verb $expects\")\n"
    "    elif [[ $current == -* ]]; then\n"
    "        choice=$([[ $verb ]] && _flashctl_options \"$verb\" || echo '--help --version')\n"
    "    elif [[ -z $noun ]]; then\n"
    "        choice=$(_flashctl_nouns)\n"
    "    elif [[ -z $verb ]]; then\n"
    "        choice=$(_flashctl_names \"$noun\")\n"
    "    elif _flashctl_takes_file \"$verb\"; then\n"
    "        choice='<file>'\n"
    "    fi\n"
    "    case $choice in\n"
    "        '<file>') mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
    "        '<text>' | '') ;;\n"
    "        *) mapfile -t COMPREPLY < <(compgen -W \"$choice\" -- \"$current\") ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _flashctl flashctl\n";

void flash_ctl_completion(FILE *out)
{
    fputs(head, out);
    fputs("_flashctl_nouns() {\n    echo '", out);
    for (const struct flash_ctl_noun *noun = flash_ctl_nouns; noun->name; noun++) {
        fprintf(out, "%s ", noun->name);
    }
    fputs("'\n}\n\n_flashctl_names() {\n    case $1 in\n", out);
    for (const struct flash_ctl_noun *noun = flash_ctl_nouns; noun->name; noun++) {
        put_names(noun->name, out);
    }
    fputs("    esac\n}\n\n_flashctl_options() {\n    case $1 in\n", out);
    put_options(out);
    fputs("    esac\n}\n\n_flashctl_values() {\n    case $1 in\n", out);
    put_values(out);
    fputs("    esac\n}\n\n_flashctl_takes_file() {\n    case $1 in\n", out);
    put_file_verbs(out);
    fputs("        *) return 1 ;;\n    esac\n}\n\n", out);
    fputs(tail, out);
}
