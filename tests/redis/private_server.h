/* A redis-server of the test's own: in a new folder, on a free port of 127.0.0.1, gone with the
 * test process. */
#ifndef FLASH_TESTS_PRIVATE_SERVER_H
#define FLASH_TESTS_PRIVATE_SERVER_H

#include <sys/types.h>

struct private_server {
    char dir[64];
    int port;
    pid_t pid; /* 0: not running */
};

/* Chooses folder and port, starts it and waits until it takes connections. Aborts the test where
 * that fails. */
void private_server_start(struct private_server *server);
/* Starts it again, same folder, same port. */
void private_server_restart(struct private_server *server);
/* SIGKILL, and waits for its end. */
void private_server_kill(struct private_server *server);
/* SIGSTOP and SIGCONT; pause returns when it does stand still. */
void private_server_pause(struct private_server *server);
void private_server_resume(struct private_server *server);
/* Kills it and removes its folder. */
void private_server_remove(struct private_server *server);

/* One command on a connection of its own, in hiredis' format; the reply's text or number is written
 * to out as text. */
__attribute__((format(printf, 3, 4))) void
private_server_ask(const struct private_server *server, char out[128], const char *format, ...);

#endif
