/* The bytes of a mail: header and body (RFC 5322, 2045; plain text in UTF-8). Pure.
 *
 * Whatever could end a header line is refused here again, whoever let it in; the body is
 * quoted-printable, so no line of it can be taken for SMTP's end or be too long. */
#ifndef NOTIFY_MAIL_TEXT_H
#define NOTIFY_MAIL_TEXT_H

#include "flash/ids.h"

#define FLASH_MAIL_TEXT_MAX 131072

struct flash_mail_parts {
    const char *from;    /* one address */
    const char *to;      /* addresses with commas between */
    const char *subject; /* printable ASCII, up to 255 bytes */
    const char *id;      /* of the alert */
    int64_t sent_at_ms;
    const char *body; /* UTF-8, lines ended by '\n' */
};

/* Returns the length; 0, kind DATA: something has a character it must not have, or it is too long.
 * The same parts, the same bytes. */
size_t flash_mail_text(const struct flash_mail_parts *parts, char ret_text[FLASH_MAIL_TEXT_MAX],
                       struct flash_error *err);

#endif
