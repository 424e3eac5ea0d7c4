/* Requests to the internal listener of a rig, and what they ask of Redis. */
#ifndef FLASH_TESTS_ENGINE_INTERNAL_H
#define FLASH_TESTS_ENGINE_INTERNAL_H

#include "rig.h"

/* Hands a request to the internal listener and runs a turn; with a body it is a POST. headers NULL:
 * the body is JSON. */
struct flash_request *internal_ask(struct rig *rig, const char *path, const char *body,
                                   const char *const *headers);
struct flash_request *internal_post(struct rig *rig, const char *path, const char *body);

/* The one open call is this script, and from argument `at` on it has these, ended by NULL. */
void internal_expect(struct rig *rig, enum flash_script script, int at,
                     const char *const *arguments);
#define EXPECT_CALL(rig, script, at, ...)                                                          \
    internal_expect(rig, script, at, (const char *const[]){__VA_ARGS__, NULL})

/* Answers the oldest call, a transition of one line. */
void internal_answer(struct rig *rig, const char *word, const char *record);

#endif
