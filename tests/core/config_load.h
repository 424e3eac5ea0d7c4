/* Loads a configuration in a test: from arguments, or from the text of a file, and what came of it.
 */
#ifndef TESTS_CORE_CONFIG_LOAD_H
#define TESTS_CORE_CONFIG_LOAD_H

#include "flash/config.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum { PATH_TEXT = 40 };

/* Of the last load. */
extern struct flash_config config;
extern struct flash_error err;
extern enum flash_config_action action;

/* A test's setup. */
int empty_environment(void **state);

/* Loads with the arguments given, up to a NULL. */
bool load_args(const char *first, ...);
/* Loads a file of this text. */
bool load_file(const char *text);
/* A file of these bytes, without a name of its own; close the descriptor when done. */
int file_of(const void *bytes, size_t len, char ret_path[PATH_TEXT]);

/* Fails the test if the last load was refused. */
void must(bool ok);
/* The last load must have been refused with a text that has all of these in it, up to a NULL. */
void refused_with(bool ok, const char *first, ...) __attribute__((sentinel));

#endif
