/* Runs redis-server as a child: ready when its log says so, killed when this process ends, however
 * it ends. */
#include "private_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0);
    assert(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void become_server(const struct private_server *server, int log)
{
    char port[8];
    snprintf(port, sizeof(port), "%d", server->port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
           server->dir, "--save", "", "--appendonly", "yes", "--appendfsync", "no", (char *)NULL);
    _exit(127);
}

static void wait_until_ready(int log)
{
    char line[512];
    FILE *lines = fdopen(log, "r");
    bool ready = false;
    assert(lines != NULL);
    while (!ready && fgets(line, sizeof(line), lines) != NULL) {
        ready = strstr(line, "Ready to accept connections") != NULL;
    }
    assert(ready);
    fclose(lines); /* what it logs from now on goes nowhere */
}

void private_server_restart(struct private_server *server)
{
    int log[2];
    assert(server->pid == 0 && pipe2(log, O_CLOEXEC) == 0);
    server->pid = fork();
    assert(server->pid >= 0);
    if (server->pid == 0) {
        become_server(server, log[1]);
    }
    close(log[1]);
    wait_until_ready(log[0]);
}

void private_server_start(struct private_server *server)
{
    *server = (struct private_server){.dir = "/tmp/flash-redis-XXXXXX", .port = free_port()};
    assert(mkdtemp(server->dir) != NULL);
    private_server_restart(server);
}

void private_server_kill(struct private_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

void private_server_pause(struct private_server *server)
{
    int status = 0;
    kill(server->pid, SIGSTOP);
    assert(waitpid(server->pid, &status, WUNTRACED) == server->pid && WIFSTOPPED(status));
}

void private_server_resume(struct private_server *server)
{
    kill(server->pid, SIGCONT);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    return remove(path);
}

void private_server_remove(struct private_server *server)
{
    private_server_kill(server);
    nftw(server->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void private_server_ask(const struct private_server *server, char out[128], const char *format, ...)
{
    redisContext *context = redisConnect("127.0.0.1", server->port);
    va_list list;
    assert(context != NULL && context->err == 0);
    va_start(list, format);
    redisReply *reply = redisvCommand(context, format, list);
    va_end(list);
    assert(reply != NULL);
    if (reply->type == REDIS_REPLY_INTEGER) {
        snprintf(out, 128, "%lld", reply->integer);
    } else {
        snprintf(out, 128, "%s", reply->str != NULL ? reply->str : "");
    }
    freeReplyObject(reply);
    redisFree(context);
}
