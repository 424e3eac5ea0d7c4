/* SHA-256 of bytes at hand; see sha256.h. The functions are those of OpenSSL 1.1, which 3 keeps and
 * calls deprecated since they know no providers. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sha256.h"

#include <openssl/sha.h>

_Static_assert(SHA256_BYTES == SHA256_DIGEST_LENGTH && SHA256_BLOCK == SHA256_CBLOCK, "the same");

void flash_sha256(struct flash_text head, struct flash_text text, uint8_t ret_digest[SHA256_BYTES])
{
    SHA256_CTX context; /* none of these can fail */
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, head.at, head.len);
    (void)SHA256_Update(&context, text.at, text.len);
    (void)SHA256_Final(ret_digest, &context);
}
