/* Every limit that more than one module relies on. Settings that operators change are in config.h.
 */
#ifndef FLASH_LIMITS_H
#define FLASH_LIMITS_H

#include <stdint.h>

#define FLASH_SKU_TEXT_MAX 19 /* decimal digits of a positive int64 */
#define FLASH_USER_MAX 64     /* bytes of a user id (DESIGN §1) */
#define FLASH_KEY_MAX 64      /* bytes of an Idempotency-Key (API.md) */
#define FLASH_REF_MAX 64      /* bytes of an order's part after "<sku>." */
#define FLASH_REF_DERIVED 22  /* of them when derived from user and key: 128 bits in base64url */
#define FLASH_ORDER_ID_MAX (FLASH_SKU_TEXT_MAX + 1 + FLASH_REF_MAX)
#define FLASH_PAYMENT_ID_MAX 64     /* bytes of a payment id */
#define FLASH_QUANTITY_MAX 9999     /* units of one order (SECURITY: [1-9][0-9]{0,3}) */
#define FLASH_BASE_MAX 1000000000LL /* units of one SKU */
#define FLASH_REASON_MAX 200        /* bytes of the reason of a change of stock */
#define FLASH_TITLE_MAX 200         /* bytes of a SKU's title */
#define FLASH_BATCH_LINES 256       /* lines of one script call and so of one entry (DESIGN §1) */
#define FLASH_LINE_BYTES 176        /* longest JSON of one line: ["ref","user",qty] and slack */
#define FLASH_ENTRY_BYTES_MAX 65536 /* longest entry value */
#define FLASH_UUID_TEXT 36
#define FLASH_STREAM_ID_TEXT 40 /* "<us>-<r>": 16..19 + 1 + 20 digits */

_Static_assert(FLASH_BATCH_LINES *FLASH_LINE_BYTES + 512 <= FLASH_ENTRY_BYTES_MAX,
               "a full entry fits its buffer");
_Static_assert(FLASH_BASE_MAX *FLASH_QUANTITY_MAX < (1LL << 53), "Lua counts exactly");

#endif
