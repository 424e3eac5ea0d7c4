/* Buyers' tokens in one arena; see tokens.h. */
#include "tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flash/jwt.h"
#include "flash/time.h"

struct flash_bench_tokens {
    char *arena;
    size_t *ends; /* ends[user - 1]: behind the user's token */
};

static bool read_key(const struct flash_bench_options *options, struct flash_jwt_key *key,
                     struct flash_error *err)
{
    FILE *file = fopen(options->key_file, "re");
    if (file == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--key-file %.150s: %s", options->key_file,
                               strerror(errno));
    }
    bool read = fgets(key->secret, sizeof(key->secret), file) != NULL;
    fclose(file);
    key->secret_len = read ? strcspn(key->secret, "\r\n") : 0;
    if (key->secret_len == 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "--key-file %.150s: its first line is empty", options->key_file);
    }
    memcpy(key->kid, options->kid, sizeof(key->kid));
    return true;
}

/* Fills the arena, which has room for TOKEN_MAX bytes a user; untouched pages cost nothing. */
static bool issue_all(struct flash_bench_tokens *tokens, const struct flash_bench_options *options,
                      const struct flash_jwt_key *key, int64_t users)
{
    bool pays = options->weights[FLASH_BENCH_PAY] > 0;
    struct flash_claims claims = {.role = pays ? FLASH_ROLE_INTERNAL : FLASH_ROLE_BUYER};
    size_t used = 0;
    claims.exp_s = (int64_t)(flash_time_wall_ms() / 1000) + 3600 +
                   (int64_t)(options->duration_s + options->drain_s);
    for (int64_t user = 1; user <= users; user++) {
        snprintf(claims.sub, sizeof(claims.sub), "%s%lld", options->user_prefix, (long long)user);
        size_t len = flash_jwt_issue(&claims, key, tokens->arena + used, FLASH_BENCH_TOKEN_MAX);
        if (len == 0) {
            return false;
        }
        used += len;
        tokens->ends[user - 1] = used;
    }
    return true;
}

bool flash_bench_tokens_new(const struct flash_bench_options *options,
                            struct flash_bench_tokens **ret_tokens, struct flash_error *err)
{
    struct flash_jwt_key key = {.secret_len = 0};
    struct flash_bench_tokens *tokens = calloc(1, sizeof(*tokens));
    /* A mix that pays does nothing else, and one service does it. */
    size_t users = options->weights[FLASH_BENCH_PAY] > 0 ? 1 : (size_t)options->buyers;
    bool done = false;
    if (!read_key(options, &key, err)) {
        goto out;
    }
    if (tokens != NULL) {
        tokens->arena = malloc((users + 1) * FLASH_BENCH_TOKEN_MAX);
        tokens->ends = calloc(users, sizeof(*tokens->ends));
    }
    if (tokens == NULL || tokens->arena == NULL || tokens->ends == NULL) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for %zu tokens", users);
        goto out;
    }
    if (!issue_all(tokens, options, &key, (int64_t)users)) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "a token would be longer than %d bytes",
                        FLASH_BENCH_TOKEN_MAX);
        goto out;
    }
    *ret_tokens = tokens;
    tokens = NULL;
    done = true;
out:
    explicit_bzero(&key, sizeof(key));
    flash_bench_tokens_free(tokens);
    return done;
}

struct flash_text flash_bench_tokens_of(const struct flash_bench_tokens *tokens,
                                        const struct flash_bench_op *op)
{
    int64_t user = op->kind == FLASH_BENCH_PAY ? 1 : op->user;
    size_t start = user > 1 ? tokens->ends[user - 2] : 0;
    return (struct flash_text){tokens->arena + start, tokens->ends[user - 1] - start};
}

void flash_bench_tokens_free(struct flash_bench_tokens *tokens)
{
    if (tokens != NULL) {
        free(tokens->arena);
        free(tokens->ends);
        free(tokens);
    }
}
