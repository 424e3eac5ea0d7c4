/* A TCP proxy for one client at a time, in front of a server, that can lose what a statement is
 * answered. */
#ifndef FLASH_TESTS_MYSQL_PROXY_H
#define FLASH_TESTS_MYSQL_PROXY_H

enum proxy_mode {
    PROXY_PASS,        /* everything goes through */
    PROXY_DROP_ANSWER, /* the statement goes through, its answer does not: both sides are closed */
    PROXY_DROP_ASK,    /* the statement does not even reach the server */
};

struct proxy;

/* Listens on 127.0.0.1 and forwards to port. */
struct proxy *proxy_start(int port);
int proxy_port(const struct proxy *proxy);
/* From now on, for the next packet from the client that has word in it; once, then PROXY_PASS
 * again. */
void proxy_set(struct proxy *proxy, enum proxy_mode mode, const char *word);
/* Whether the mode that was set has taken effect. */
int proxy_dropped(struct proxy *proxy);
void proxy_stop(struct proxy *proxy);

#endif
