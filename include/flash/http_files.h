/* Files of a web page, embedded in the program, and the headers that keep a page to itself
 * (SECURITY).
 *
 * Every file has an ETag of its content. Where one names another, it writes the path, ?v= and
 * FLASH_FILE_HASH zeros; at the start the other's hash is put in their place. What is asked for by
 * its hash is kept by the client for ever, anything else is asked for anew each time (304 mostly).
 */
#ifndef FLASH_HTTP_FILES_H
#define FLASH_HTTP_FILES_H

#include "flash/http.h"

#define FLASH_FILE_HASH 16 /* hexadecimal digits */

struct flash_file {
    const char *path; /* of the request; NULL: only by flash_files_give */
    const char *type;
    const unsigned char *bytes; /* (borrowed) */
    const size_t *len;
};

/* A file that cmake/embed.cmake has put into the program (name: its own with _ for .), and its row.
 */
#define FLASH_FILE_EMBEDDED(name)                                                                  \
    extern const unsigned char flash_embed_##name[];                                               \
    extern const size_t flash_embed_##name##_len
#define FLASH_FILE_ROW(path, type, name)                                                           \
    {                                                                                              \
        path, type, flash_embed_##name, &flash_embed_##name##_len                                  \
    }
#define FLASH_FILE_CSS "text/css; charset=utf-8"
#define FLASH_FILE_JS "text/javascript; charset=utf-8"
#define FLASH_FILE_HTML "text/html; charset=utf-8"

struct flash_files;

/* rows (borrowed) are count files; each names only those before it. Error kind: RETRY (no memory).
 */
FLASH_MUST_CHECK bool flash_files_new(const struct flash_file *rows, int count,
                                      struct flash_files **ret_files, struct flash_error *err);
/* NULL is fine. */
void flash_files_free(struct flash_files *files);
/* Answers request if its path is a file's, and another method than GET and HEAD with 405; else
 * false, untouched. Any thread. */
bool flash_files_handle(const struct flash_files *files, struct flash_request *request);
/* Answers request, a GET or HEAD, with the file of that row. Any thread. */
void flash_files_give(const struct flash_files *files, int row, struct flash_request *request);

#endif
