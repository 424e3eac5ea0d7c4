/* The writer of mails; see mail_text.h. */
#include "mail_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flash/mail_address.h"

enum { LINE_MAX_BYTES = 76, SUBJECT_MAX = 255, DATE_TEXT = 40 };

struct writer {
    char *out;
    size_t len; /* FLASH_MAIL_TEXT_MAX: it did not fit */
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *to, const char *format, ...)
{
    size_t room = FLASH_MAIL_TEXT_MAX - to->len;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(to->out + to->len, room, format, args);
    va_end(args);
    to->len = len < 0 || (size_t)len >= room ? FLASH_MAIL_TEXT_MAX : to->len + (size_t)len;
}

/* ---- what may stand in a header ---- */

static bool is_printable(const char *text, size_t max)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) {
            return false;
        }
    }
    return len > 0 && len <= max;
}

static bool are_addresses(const char *text, int most)
{
    struct flash_text list = {text, strlen(text)}, address;
    int count = 0;
    while (flash_mail_address_next(&list, &address)) {
        if (!flash_mail_address_valid(address)) {
            return false;
        }
        count++;
    }
    return count >= 1 && count <= most;
}

static bool check(const struct flash_mail_parts *parts, struct flash_error *err)
{
    const char *wrong = !are_addresses(parts->from, 1)               ? "sender"
                        : !are_addresses(parts->to, 64)              ? "list of receivers"
                        : !is_printable(parts->subject, SUBJECT_MAX) ? "subject"
                        : !is_printable(parts->id, FLASH_UUID_TEXT)  ? "id"
                                                                     : NULL;
    return !wrong || flash_error_set(err, FLASH_ERROR_DATA, "mail: no %s can be like that", wrong);
}

/* RFC 5322 §3.3, in UTC; names do not follow the locale. */
static void format_date(int64_t at_ms, char ret_text[DATE_TEXT])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at_s = (time_t)(at_ms / 1000);
    struct tm tm = {0};
    gmtime_r(&at_s, &tm);
    snprintf(ret_text, DATE_TEXT, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
             tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* One receiver a line, so that none is too long (RFC 5322 §2.1.1). */
static void put_receivers(struct writer *to, const char *text)
{
    struct flash_text list = {text, strlen(text)}, address;
    const char *before = "To: ";
    while (flash_mail_address_next(&list, &address)) {
        put(to, "%s%.*s", before, (int)address.len, address.at);
        before = ",\r\n ";
    }
    put(to, "\r\n");
}

static void put_header(struct writer *to, const struct flash_mail_parts *parts)
{
    char date[DATE_TEXT];
    format_date(parts->sent_at_ms, date);
    put(to, "Date: %s\r\nFrom: %s\r\n", date, parts->from);
    put_receivers(to, parts->to);
    put(to,
        "Message-ID: <%s%s>\r\nSubject: %s\r\nX-Flash-Alert-Id: %s\r\n"
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        parts->id, strchr(parts->from, '@'), parts->subject, parts->id);
}

/* ---- quoted-printable (RFC 2045 §6.7) ---- */

/* Whether a byte may stand as it is: not a space at a line's end, not a dot at its beginning. */
static bool is_plain(unsigned char c, char next, size_t column)
{
    bool ends_line = next == '\n' || next == '\0';
    return (c > 0x20 && c < 0x7f && c != '=' && (c != '.' || column > 0)) ||
           (c == ' ' && !ends_line);
}

static void put_body(struct writer *to, const char *body)
{
    size_t column = 0;
    for (const char *at = body; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '\n') {
            put(to, "\r\n");
            column = 0;
            continue;
        }
        if (column + 3 >= LINE_MAX_BYTES) { /* the widest, and the '=' of a fold */
            put(to, "=\r\n");
            column = 0;
        }
        bool plain = is_plain(c, at[1], column);
        put(to, plain ? "%c" : "=%02X", c);
        column += plain ? 1 : 3;
    }
    put(to, "\r\n");
}

size_t flash_mail_text(const struct flash_mail_parts *parts, char ret_text[FLASH_MAIL_TEXT_MAX],
                       struct flash_error *err)
{
    struct writer to = {ret_text, 0};
    if (!check(parts, err)) {
        return 0;
    }
    put_header(&to, parts);
    put_body(&to, parts->body);
    if (to.len >= FLASH_MAIL_TEXT_MAX) {
        flash_error_set(err, FLASH_ERROR_DATA, "mail: too long");
        return 0;
    }
    return to.len;
}
