/* Starts and ends a private mariadbd; ready means that it said so on its notification socket. */
#include "server.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_MS 60000
#define ARGUMENTS 24

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static char *format(const char *text, const char *value)
{
    char *out = NULL;
    if (asprintf(&out, "%s%s", text, value) < 0) {
        give_up("asprintf");
    }
    return out;
}

static pid_t start_program(char *const argv[], const char *log)
{
    pid_t pid = fork();
    if (pid < 0) {
        give_up("fork");
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves no server behind */
        if (freopen(log, "a", stdout) == NULL || freopen(log, "a", stderr) == NULL) {
            _exit(126);
        }
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void free_arguments(char **argv)
{
    for (int i = 0; argv[i] != NULL; i++) {
        free(argv[i]);
    }
}

/* A server that starts deletes every #sql… file of its tmpdir, other servers' too: each has its
 * own. */
static void make_tmpdir(const struct server *server)
{
    char *tmp = format(server->folder, ".tmp");
    if (mkdir(tmp, 0700) != 0 || setenv("TMPDIR", tmp, 1) != 0) {
        give_up(tmp);
    }
    free(tmp);
}

static void install(const struct server *server)
{
    char *argv[ARGUMENTS] = {
        format("mariadb-install-db", ""),
        format("--no-defaults", ""),
        format("--user=", geteuid() == 0 ? "root" : getenv("USER")),
        format("--auth-root-authentication-method=normal", ""),
        format("--skip-test-db", ""),
        format("--datadir=", server->folder),
    };
    char *log = format(server->folder, ".log");
    int status = 0;
    pid_t pid = start_program(argv, log);
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "mariadb-install-db ended with status %d; what it said is in %s\n", status,
                log);
        exit(EXIT_FAILURE);
    }
    free_arguments(argv);
    free(log);
}

static void write_accounts(const struct server *server)
{
    char *path = format(server->folder, "/accounts.sql");
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        give_up(path);
    }
    fputs("CREATE DATABASE flash CHARACTER SET utf8mb4;\n"
          "CREATE USER flash@'%' IDENTIFIED BY 'secret';\n"
          "GRANT ALL ON flash.* TO flash@'%';\n",
          file);
    fclose(file);
    free(path);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        give_up("no free port");
    }
    close(fd);
    return ntohs(address.sin_port);
}

void server_make(struct server *server)
{
    *server = (struct server){.folder = "/tmp/flash-mysql-XXXXXX"};
    if (mkdtemp(server->folder) == NULL) {
        give_up("mkdtemp");
    }
    snprintf(server->socket, sizeof(server->socket), "%s/s", server->folder);
    make_tmpdir(server);
    install(server);
    write_accounts(server);
    server->port = free_port();
    server_start(server);
    char *path = format(server->folder, "/accounts.sql");
    unlink(path);
    free(path);
}

static int notification_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        give_up("notification socket");
    }
    return fd;
}

static void wait_until_ready(int notifications)
{
    struct pollfd poller = {.fd = notifications, .events = POLLIN};
    char text[512] = "";
    while (strstr(text, "READY=1") == NULL) {
        if (poll(&poller, 1, START_TIMEOUT_MS) != 1) {
            give_up("mariadbd did not become ready");
        }
        ssize_t len = recv(notifications, text, sizeof(text) - 1, 0);
        if (len < 0) {
            give_up("recv");
        }
        text[len] = '\0';
    }
}

void server_start(struct server *server)
{
    char port[16];
    char *accounts = format(server->folder, "/accounts.sql");
    char *log = format(server->folder, ".log");
    char *notify = format(server->folder, "/notify");
    snprintf(port, sizeof(port), "%d", server->port);
    char *argv[ARGUMENTS] = {
        format("mariadbd", ""),
        format("--no-defaults", ""),
        format("--user=", geteuid() == 0 ? "root" : getenv("USER")),
        format("--datadir=", server->folder),
        format("--socket=", server->socket),
        format("--pid-file=", "pid"),
        format("--bind-address=", "127.0.0.1"),
        format("--port=", port),
        format("--innodb-buffer-pool-size=", "64M"),
        access(accounts, R_OK) == 0 ? format("--init-file=", accounts) : NULL,
    };
    int notifications = notification_socket(notify);
    setenv("NOTIFY_SOCKET", notify, 1);
    server->pid = start_program(argv, log);
    unsetenv("NOTIFY_SOCKET");
    wait_until_ready(notifications);
    close(notifications);
    free_arguments(argv);
    free(accounts);
    free(log);
    free(notify);
}

void server_stop(struct server *server, int number)
{
    if (server->pid == 0) {
        return;
    }
    if (kill(server->pid, number) != 0 || waitpid(server->pid, NULL, 0) != server->pid) {
        give_up("stopping mariadbd");
    }
    server->pid = 0;
}

void server_signal(const struct server *server, int number)
{
    if (kill(server->pid, number) != 0) {
        give_up("signalling mariadbd");
    }
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void server_remove(struct server *server)
{
    char *log = format(server->folder, ".log");
    char *tmp = format(server->folder, ".tmp");
    server_stop(server, SIGKILL);
    nftw(server->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    nftw(tmp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    unlink(log);
    free(log);
    free(tmp);
}

struct flash_config server_config(const struct server *server)
{
    struct flash_config config = {0};
    snprintf(config.mysql.socket, sizeof(config.mysql.socket), "%s", server->socket);
    snprintf(config.mysql.user, sizeof(config.mysql.user), "flash");
    snprintf(config.mysql.password, sizeof(config.mysql.password), "secret");
    snprintf(config.mysql.database, sizeof(config.mysql.database), "flash");
    config.mysql.connect_timeout_ms = 2000;
    config.mysql.query_timeout_ms = 10000;
    return config;
}

struct flash_config server_root_config(const struct server *server)
{
    struct flash_config config = server_config(server);
    snprintf(config.mysql.user, sizeof(config.mysql.user), "root");
    config.mysql.password[0] = '\0';
    return config;
}
