/* The verb that watches the pipeline: a picture on a terminal, drawn anew at each interval on the
 * alternate screen; elsewhere a row an interval. */
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"
#include "output.h"
#include "top_frame.h"
#include "values.h"
#include "verbs.h"

#define INTERVAL_DEFAULT_S 2
#define LINES_DEFAULT 24
#define SCREEN_ENTER "\033[?1049h\033[?7l" /* the alternate one; long lines are cut off */
#define SCREEN_LEAVE "\033[?7h\033[?1049l"
#define SCREEN_HOME "\033[H"

static const struct flash_ctl_column columns[] = {
    {"at", "at"},
    {"rates.accepted_per_s", "accepted/s", FLASH_CTL_NUMBER},
    {"rates.created_per_s", "created/s", FLASH_CTL_NUMBER},
    {"journal.entries", "journal", FLASH_CTL_NUMBER},
    {"journal.oldest_ms", "oldest ms", FLASH_CTL_NUMBER},
    {"consumer.lag", "consumer lag", FLASH_CTL_NUMBER},
    {"settle.lag", "settle lag", FLASH_CTL_NUMBER},
    {"findings.open", "findings", FLASH_CTL_NUMBER},
    {0},
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static void catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static int screen_lines(void)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return known ? size.ws_row : LINES_DEFAULT;
}

struct watch {
    struct flash_ctl_client *client;
    const struct flash_ctl_command *command;
    struct flash_ctl_rows *rows; /* NULL: a picture on a terminal */
    int64_t interval_ms, frames; /* frames 0: until a signal */
};

/* The picture in memory first, so that it does not flicker. */
static void draw(const json_t *view)
{
    char *text = NULL;
    size_t len;
    FILE *memory = open_memstream(&text, &len);
    if (!memory) {
        return;
    }
    flash_ctl_top_frame(view, flash_ctl_wants_colours(stdout), memory);
    fclose(memory);
    fputs(SCREEN_HOME, stdout);
    flash_ctl_top_paint(text, screen_lines(), stdout);
    fflush(stdout);
    free(text);
}

/* On a terminal a server that is away may come back; a row there is none of. */
static enum flash_ctl_exit look(const struct watch *watch)
{
    struct flash_ctl_reply reply = {0};
    const struct flash_ctl_request request = {
        .method = "GET", .path = watch->command->verb->path, .any = watch->rows == NULL};
    enum flash_ctl_exit code = flash_ctl_ask(watch->client, &request, &reply);
    if (code == FLASH_CTL_OK && watch->rows) {
        flash_ctl_rows_add(watch->rows, reply.body);
        flash_ctl_rows_flush(watch->rows);
        code = ferror(stdout) ? FLASH_CTL_REFUSED : FLASH_CTL_OK;
    } else if (code == FLASH_CTL_OK && reply.status >= 400 && reply.status < 500) {
        fputs(SCREEN_LEAVE, stdout);
        fflush(stdout);
        flash_ctl_show_problem(reply.body, reply.status);
        code = FLASH_CTL_REFUSED;
    } else if (code == FLASH_CTL_OK && reply.status < 400) {
        draw(reply.body);
    } else if (!watch->rows) {
        printf(SCREEN_HOME "%s does not answer\033[K", flash_ctl_client_url(watch->client));
        fflush(stdout);
        code = FLASH_CTL_OK;
    }
    flash_ctl_reply_free(&reply);
    return code;
}

static enum flash_ctl_exit watch_on(const struct watch *watch)
{
    enum flash_ctl_exit code = FLASH_CTL_OK;
    for (int64_t i = 0; code == FLASH_CTL_OK && !ended && (!watch->frames || i < watch->frames);
         i++) {
        if (i > 0) {
            flash_ctl_pause(watch->interval_ms);
        }
        code = ended ? FLASH_CTL_OK : look(watch);
    }
    return code;
}

enum flash_ctl_exit flash_ctl_top(struct flash_ctl_client *client,
                                  const struct flash_ctl_command *command)
{
    const enum flash_ctl_format format = flash_ctl_format_of(command, FLASH_CTL_TABLE);
    const struct flash_ctl_rows_start start = {
        .out = stdout, .format = format, .name = "views", .columns = columns};
    struct watch watch = {
        .client = client,
        .command = command,
        .interval_ms = flash_ctl_seconds(command, FLASH_CTL_INTERVAL, INTERVAL_DEFAULT_S) * 1000,
        .frames = flash_ctl_count(command, FLASH_CTL_FRAMES, 0),
    };
    bool picture = format == FLASH_CTL_TABLE && isatty(STDOUT_FILENO);
    catch_signals();
    if (!picture && !(watch.rows = flash_ctl_rows_new(&start))) {
        return FLASH_CTL_REFUSED;
    }
    fputs(picture ? SCREEN_ENTER : "", stdout);
    enum flash_ctl_exit code = watch_on(&watch);
    fputs(picture ? SCREEN_LEAVE : "", stdout);
    fflush(stdout);
    return flash_ctl_rows_end(watch.rows) ? code : FLASH_CTL_REFUSED;
}
