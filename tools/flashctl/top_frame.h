/* One picture of the pipeline on a terminal. Pure but for the stream. */
#ifndef FLASHCTL_TOP_FRAME_H
#define FLASHCTL_TOP_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The answer of GET /v1/pipeline as lines of text. */
void flash_ctl_top_frame(const json_t *view, bool colours, FILE *out);

/* The first `lines` lines of text, each of which erases what stood there before, and erases what is
 * below. The last line is not ended, so that the terminal does not scroll. */
void flash_ctl_top_paint(const char *text, int lines, FILE *out);

#endif
