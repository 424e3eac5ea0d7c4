/* A private mariadbd for tests: own data, socket and port in a temporary folder, ended by its pid.
 *
 * It is durable like a real one, so that what a test kills and restarts is really tested. Any
 * failure here ends the test program with a message: without a server there is nothing to test. */
#ifndef FLASH_TESTS_MYSQL_SERVER_H
#define FLASH_TESTS_MYSQL_SERVER_H

#include <sys/types.h>

#include "flash/mysql.h"

struct server {
    char folder[64];
    char socket[108];
    int port;
    pid_t pid; /* 0 while stopped */
};

/* Database flash; user flash, password secret, without SUPER; root without password. */
void server_make(struct server *server);
void server_start(struct server *server);
/* signal: SIGTERM or SIGKILL; waits for its end. */
void server_stop(struct server *server, int signal);
/* SIGSTOP or SIGCONT. */
void server_signal(const struct server *server, int signal);
/* Stops it and removes the folder. */
void server_remove(struct server *server);

/* Settings for user flash, by socket. */
struct flash_config server_config(const struct server *server);
/* The same for user root. */
struct flash_config server_root_config(const struct server *server);

#endif
