/* Embedded files over HTTP; see flash/http_files.h.
 *
 * Hashes stand in the bytes of who names a file, so they are copied once at the start, and a file's
 * own hash is made after that: it changes with any of those it names. */
#include "flash/http_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/hmac.h"

#define MARK "?v="
#define ZEROS "0000000000000000"
#define HEADERS_MAX 1024

_Static_assert(sizeof(ZEROS) == FLASH_FILE_HASH + 1, "they are its place");
_Static_assert(FLASH_FILE_HASH <= 2 * FLASH_HMAC_BYTES, "a hash is a part of the digest");

/* Nothing from elsewhere, nothing inline, in nobody's frame. */
#define POLICY                                                                                     \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "                    \
    "frame-ancestors 'none'\r\n"                                                                   \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                  \
    "Cross-Origin-Resource-Policy: same-origin\r\n"

struct content {
    char *bytes; /* owned */
    size_t len;
    char hash[FLASH_FILE_HASH + 1];
};

struct flash_files {
    const struct flash_file *rows;
    int count;
    struct content contents[];
};

static bool hash(struct content *content)
{
    static const struct flash_text key = {"what a file's content is told by", 32};
    uint8_t digest[FLASH_HMAC_BYTES];
    if (!flash_hmac_sha256(key, (struct flash_text){content->bytes, content->len}, digest)) {
        return false;
    }
    for (int i = 0; i < FLASH_FILE_HASH / 2; i++) {
        snprintf(content->hash + 2 * i, 3, "%02x", digest[i]);
    }
    return true;
}

static bool copy(const struct flash_file *row, struct content *content)
{
    content->bytes = malloc(*row->len + 1);
    if (!content->bytes) {
        return false;
    }
    memcpy(content->bytes, row->bytes, *row->len);
    content->bytes[*row->len] = '\0';
    content->len = *row->len;
    return true;
}

/* Writes the hash of the file at path behind its name, wherever content has it. */
static void name_file(struct content *content, const char *path, const char *path_hash)
{
    char *at = content->bytes;
    size_t len = strlen(path);
    while ((at = strstr(at, path))) {
        at += len;
        if (strncmp(at, MARK ZEROS, sizeof(MARK ZEROS) - 1) == 0) {
            memcpy(at + sizeof(MARK) - 1, path_hash, FLASH_FILE_HASH);
        }
    }
}

static bool fill(struct flash_files *files)
{
    for (int i = 0; i < files->count; i++) {
        struct content *content = &files->contents[i];
        if (!copy(&files->rows[i], content)) {
            return false;
        }
        for (int j = 0; j < i; j++) {
            if (files->rows[j].path) {
                name_file(content, files->rows[j].path, files->contents[j].hash);
            }
        }
        if (!hash(content)) {
            return false;
        }
    }
    return true;
}

bool flash_files_new(const struct flash_file *rows, int count, struct flash_files **ret_files,
                     struct flash_error *err)
{
    struct flash_files *files =
        calloc(1, sizeof(*files) + (size_t)count * sizeof(files->contents[0]));
    if (files) {
        files->rows = rows;
        files->count = count;
    }
    if (!files || !fill(files)) {
        flash_files_free(files);
        return flash_error_set(err, FLASH_ERROR_RETRY, "files: out of memory");
    }
    *ret_files = files;
    return true;
}

void flash_files_free(struct flash_files *files)
{
    for (int i = 0; files && i < files->count; i++) {
        free(files->contents[i].bytes);
    }
    free(files);
}

/* Whether If-None-Match (RFC 9110 §13.1.2) names the content, weakly or not, or "*". */
static bool client_has(const struct flash_request *request, const char *content_hash)
{
    struct flash_text list = flash_request_header(request, "if-none-match");
    if (list.len == 1 && list.at[0] == '*') {
        return true;
    }
    for (size_t i = 0; list.at && i + FLASH_FILE_HASH + 2 <= list.len; i++) {
        if (list.at[i] == '"' && list.at[i + FLASH_FILE_HASH + 1] == '"' &&
            memcmp(list.at + i + 1, content_hash, FLASH_FILE_HASH) == 0) {
            return true;
        }
    }
    return false;
}

static bool asked_by_hash(const struct flash_request *request, const char *content_hash)
{
    struct flash_text query = flash_request_query(request);
    return query.len == 2 + FLASH_FILE_HASH && memcmp(query.at, "v=", 2) == 0 &&
           memcmp(query.at + 2, content_hash, FLASH_FILE_HASH) == 0;
}

void flash_files_give(const struct flash_files *files, int row, struct flash_request *request)
{
    const struct content *content = &files->contents[row];
    bool kept = asked_by_hash(request, content->hash);
    char headers[HEADERS_MAX];
    snprintf(headers, sizeof(headers), "ETag: \"%s\"\r\nCache-Control: %s\r\n" POLICY,
             content->hash, kept ? "public, max-age=31536000, immutable" : "no-cache");
    struct flash_response response = {
        .status = 200, .content_type = files->rows[row].type, .headers = headers};
    if (client_has(request, content->hash)) {
        response.status = 304;
    } else {
        response.body = (struct flash_text){content->bytes, content->len};
    }
    flash_request_reply(request, &response);
}

bool flash_files_handle(const struct flash_files *files, struct flash_request *request)
{
    static const struct flash_problem wrong_method = {.status = 405,
                                                      .slug = "method-not-allowed",
                                                      .title = "Method not allowed",
                                                      .headers = "Allow: GET, HEAD\r\n"};
    struct flash_text path = flash_request_path(request);
    enum flash_method method = flash_request_method(request);
    for (int i = 0; i < files->count; i++) {
        const char *own = files->rows[i].path;
        if (!own || strlen(own) != path.len || memcmp(own, path.at, path.len) != 0) {
            continue;
        }
        if (method == FLASH_METHOD_GET || method == FLASH_METHOD_HEAD) {
            flash_files_give(files, i, request);
        } else {
            flash_request_problem(request, &wrong_method);
        }
        return true;
    }
    return false;
}
