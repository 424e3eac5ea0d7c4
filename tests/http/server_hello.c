/* A trivial server to measure by hand: `server_hello PORT [SECONDS]` answers every request with a
 * small JSON text and prints, when it ends, the requests it served and its CPU time for each. Not a
 * test and not installed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <event2/event.h>

#include "flash/http.h"

static long served;

static void hello(struct flash_request *request, void *arg)
{
    (void)arg;
    static const char body[] = "{\"hello\":\"world\"}";
    served++;
    flash_request_reply(request,
                        &(struct flash_response){.status = 200, .body = {body, sizeof(body) - 1}});
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    struct flash_error err = {0};
    struct flash_http *http = NULL;
    struct event_base *base = event_base_new();
    struct flash_http_options options = {
        .listen = {.host = "127.0.0.1",
                   .port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0)},
        .body_max = 4096,
        .header_timeout_ms = 2000,
        .body_timeout_ms = 2000,
        .idle_timeout_ms = 60000,
        .max_connections = 20000,
        .max_connections_per_address = 20000,
        .handler = hello,
    };
    signal(SIGPIPE, SIG_IGN);
    if (!base || !flash_http_new(base, &options, &http, &err)) {
        fprintf(stderr, "server_hello: %s\n", err.text);
        return 1;
    }
    printf("port %d\n", flash_http_port(http));
    fflush(stdout);
    double before = cpu_us();
    event_base_loopexit(base,
                        &(struct timeval){.tv_sec = argc > 2 ? strtol(argv[2], NULL, 10) : 10});
    event_base_dispatch(base);
    printf("%ld requests, %.2f us of CPU each, %d connections open\n", served,
           served > 0 ? (cpu_us() - before) / (double)served : 0.0, flash_http_connections(http));
    flash_http_free(http);
    event_base_free(base);
    return 0;
}
