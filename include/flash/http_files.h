/* Files of a web page, embedded in the program, and the headers that keep a page to itself
 * (SECURITY).
 *
 * Every file has an ETag of its content. A page is asked for anew each time (304 mostly). An asset
 * is named by a page with ?v= and its content's hash, which is filled in at the start, and is then
 * kept for ever; by any other name it is asked for anew too. */
#ifndef FLASH_HTTP_FILES_H
#define FLASH_HTTP_FILES_H

#include "flash/http.h"

/* Where a page names an asset, it writes PATH?v= and this many zeros. */
#define FLASH_FILE_HASH 16

struct flash_file {
    const char *path; /* of the request; NULL: only by flash_files_give */
    const char *type;
    const unsigned char *bytes; /* (borrowed) */
    const size_t *len;
};

struct flash_files;

/* rows (borrowed) are count files. Error kind: RETRY (no memory). */
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
