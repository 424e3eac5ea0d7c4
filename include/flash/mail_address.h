/* Mail addresses as a setting may hold them: name@domain, several with commas between (RFC 5321
 * §4.1.2, without quoting, comments and display names). Pure. */
#ifndef FLASH_MAIL_ADDRESS_H
#define FLASH_MAIL_ADDRESS_H

#include "flash/ids.h"

#define FLASH_MAIL_ADDRESS_MAX 254 /* bytes (RFC 5321 §4.5.3.1.3) */

/* Nothing that is valid can end a header line or an SMTP command. */
bool flash_mail_address_valid(struct flash_text address);

/* Takes the first address off a list, without the spaces around it; false when none is left.
 * What it takes may be invalid. */
bool flash_mail_address_next(struct flash_text *list, struct flash_text *ret_address);

#endif
