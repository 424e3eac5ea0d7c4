/* Streams without sockets (flash/http.h), beside fake_request.h: what is written is recorded, the
 * test decides when the client leaves or is too slow.
 *
 * A stream stays the test's: closing, or the client's leaving, ends it for the code under test, and
 * a touch after that aborts. */
#ifndef FLASH_TESTS_FAKE_STREAM_H
#define FLASH_TESTS_FAKE_STREAM_H

#include "flash/http.h"

/* The one opened last; NULL before the first. */
struct flash_stream *fake_stream_last(void);
/* All that was written to it, NUL-terminated; borrowed until the next write. */
const char *fake_stream_text(const struct flash_stream *stream);
/* Forgets what was written. */
void fake_stream_clear(struct flash_stream *stream);
bool fake_stream_closed(const struct flash_stream *stream);
/* Writes fail from now on; the test has the client leave, as the loop would. */
void fake_stream_clog(struct flash_stream *stream);
/* Tells the owner that the client is gone. */
void fake_stream_leave(struct flash_stream *stream);
/* Frees all there are; all must have ended or their owners be gone. */
void fake_streams_free(void);

#endif
