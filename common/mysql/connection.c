/* The connection to the ledger: made when first needed, with time-outs on every wait, and one known
 * session.
 *
 * Whoever loses it loses its transaction and its statements with it; it is made again behind the
 * caller's back only outside a transaction, before its server would close it for being idle. The
 * session is set up before anything else runs, so no default of a server's configuration matters:
 * strict mode, READ COMMITTED, short lock waits, UTC. Affected rows count what changed, not what
 * matched. */
#include "internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/time.h"

#define SESSION_TEXT 640
#define TEXT_OF(x) #x
#define NUMBER_TEXT(x) TEXT_OF(x)

#define LOCK_WAIT NUMBER_TEXT(FLASH_MYSQL_LOCK_WAIT_S)

/* On every server. */
static const char session_common[] =
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', autocommit = 1, time_zone = '+00:00', "
    "innodb_lock_wait_timeout = " LOCK_WAIT ", lock_wait_timeout = " LOCK_WAIT;
static const char session_isolation[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

static void library_start(void)
{
    mysql_library_init(0, NULL, NULL);
}

static bool settings_valid(const struct flash_config *config, struct flash_error *err)
{
    if (config->mysql.socket[0] == '\0' && config->mysql.host[0] == '\0') {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "mysql.host and mysql.socket are both empty");
    }
    if (config->mysql.socket[0] == '\0' && (config->mysql.port < 1 || config->mysql.port > 65535)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "mysql.port is not within 1..65535");
    }
    if (config->mysql.user[0] == '\0' || config->mysql.database[0] == '\0') {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "mysql.user or mysql.database is empty");
    }
    if (config->mysql.connect_timeout_ms < 1 || config->mysql.query_timeout_ms < 1) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "mysql's time-outs must be above 0");
    }
    return true;
}

bool flash_mysql_new(const struct flash_config *config, struct flash_mysql **ret_mysql,
                     struct flash_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!settings_valid(config, err)) {
        return false;
    }
    pthread_once(&once, library_start);
    struct flash_mysql *mysql = calloc(1, sizeof(*mysql));
    if (mysql == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "ledger: out of memory");
    }
    memcpy(mysql->settings.host, config->mysql.host, sizeof(mysql->settings.host));
    memcpy(mysql->settings.socket, config->mysql.socket, sizeof(mysql->settings.socket));
    memcpy(mysql->settings.user, config->mysql.user, sizeof(mysql->settings.user));
    memcpy(mysql->settings.password, config->mysql.password, sizeof(mysql->settings.password));
    memcpy(mysql->settings.database, config->mysql.database, sizeof(mysql->settings.database));
    mysql->settings.port = (unsigned)config->mysql.port;
    mysql->settings.connect_timeout_ms = config->mysql.connect_timeout_ms;
    mysql->settings.query_timeout_ms = config->mysql.query_timeout_ms;
    mysql->idle_s = FLASH_MYSQL_IDLE_S;
    *ret_mysql = mysql;
    return true;
}

void flash_mysql_free(struct flash_mysql *mysql)
{
    if (mysql == NULL) {
        return;
    }
    flash_mysql_close(mysql);
    flash_mysql_buffer_free(&mysql->text);
    flash_mysql_buffer_free(&mysql->scratch);
    explicit_bzero(&mysql->settings, sizeof(mysql->settings));
    free(mysql);
}

/* The connection goes first: its statements then need no goodbye of their own. */
void flash_mysql_close(struct flash_mysql *mysql)
{
    if (mysql->link != NULL) {
        mysql_close(mysql->link);
        mysql->link = NULL;
    }
    for (int i = 0; i < mysql->statement_count; i++) {
        mysql_stmt_close(mysql->statements[i].handle);
        free(mysql->statements[i].sql);
    }
    mysql->statement_count = 0;
    if (mysql->phase == FLASH_MYSQL_TRANSACTION) {
        flash_mysql_phase_move(mysql, FLASH_MYSQL_ABORTED);
    }
}

static unsigned seconds_of(int64_t ms)
{
    return (unsigned)((ms + 999) / 1000);
}

/* The client waits a second longer than the server lets a statement run: its word is better than a
 * silence. */
static void set_options(struct flash_mysql *mysql)
{
    bool by_socket = mysql->settings.socket[0] != '\0';
    unsigned protocol = by_socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    unsigned connect_s = seconds_of(mysql->settings.connect_timeout_ms);
    unsigned answer_s = seconds_of(mysql->settings.query_timeout_ms) + 1;
    unsigned local_infile = 0;
    mysql_options(mysql->link, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql->link, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(mysql->link, MYSQL_OPT_READ_TIMEOUT, &answer_s);
    mysql_options(mysql->link, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
    mysql_options(mysql->link, MYSQL_OPT_LOCAL_INFILE, &local_infile);
    mysql_options(mysql->link, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/* How long one statement may run, the connection be idle, and on MariaDB a transaction. */
static void session_limits(const struct flash_mysql *mysql, char out[SESSION_TEXT])
{
    long long ms = mysql->settings.query_timeout_ms, idle_s = mysql->idle_s;
    if (mariadb_connection(mysql->link)) {
        snprintf(out, SESSION_TEXT,
                 "SET SESSION wait_timeout = %lld, max_statement_time = %lld.%03lld, "
                 "idle_transaction_timeout = %d",
                 idle_s, ms / 1000, ms % 1000, FLASH_MYSQL_IDLE_TRANSACTION_S);
    } else {
        snprintf(out, SESSION_TEXT, "SET SESSION wait_timeout = %lld, max_execution_time = %lld",
                 idle_s, ms);
    }
}

static bool read_packet_max(struct flash_mysql *mysql)
{
    if (mysql_query(mysql->link, "SELECT @@SESSION.max_allowed_packet") != 0) {
        return false;
    }
    MYSQL_RES *result = mysql_store_result(mysql->link);
    if (result == NULL) {
        return false;
    }
    MYSQL_ROW row = mysql_fetch_row(result);
    mysql->packet_max = row != NULL && row[0] != NULL ? strtoull(row[0], NULL, 10) : 0;
    mysql_free_result(result);
    return true;
}

/* The server says whether it takes arrays of parameters (MariaDB from 10.2 on). */
static enum flash_mysql_bulk_way bulk_way_of(MYSQL *link)
{
    unsigned long extended = 0;
    if (!mariadb_connection(link) ||
        mariadb_get_infov(link, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) != 0) {
        return FLASH_MYSQL_BULK_TEXT;
    }
    bool arrays = (extended & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
    return arrays ? FLASH_MYSQL_BULK_ARRAYS : FLASH_MYSQL_BULK_TEXT;
}

static bool open_session(struct flash_mysql *mysql)
{
    char limits[SESSION_TEXT];
    bool by_socket = mysql->settings.socket[0] != '\0';
    set_options(mysql);
    if (mysql_real_connect(mysql->link, by_socket ? NULL : mysql->settings.host,
                           mysql->settings.user, mysql->settings.password, mysql->settings.database,
                           mysql->settings.port, by_socket ? mysql->settings.socket : NULL,
                           0) == NULL) {
        return false;
    }
    session_limits(mysql, limits);
    if (mysql_query(mysql->link, session_common) != 0 ||
        mysql_query(mysql->link, session_isolation) != 0 || mysql_query(mysql->link, limits) != 0 ||
        !read_packet_max(mysql)) {
        return false;
    }
    mysql->bulk_way = bulk_way_of(mysql->link);
    return true;
}

void flash_mysql_for_locks(struct flash_mysql *mysql, int64_t idle_s)
{
    mysql->idle_s = idle_s;
    mysql->for_locks = true;
}

/* Its server may be about to close it, or has: a statement that finds out fails, and outside a
 * transaction nobody knows whether it was done. */
static void close_if_idle(struct flash_mysql *mysql)
{
    uint64_t now_us = flash_time_monotonic_us();
    bool idle = now_us - mysql->asked_us > (uint64_t)mysql->idle_s * 1000000 / 2;
    if (idle && mysql->phase != FLASH_MYSQL_TRANSACTION && !mysql->for_locks) {
        flash_mysql_close(mysql);
    }
    mysql->asked_us = now_us;
}

bool flash_mysql_connect(struct flash_mysql *mysql, struct flash_error *err)
{
    close_if_idle(mysql);
    if (mysql->link != NULL) {
        return true;
    }
    mysql->link = mysql_init(NULL);
    if (mysql->link == NULL) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_RETRY, "out of memory", err);
    }
    if (!open_session(mysql)) {
        flash_mysql_fail(mysql, NULL, FLASH_MYSQL_READ, err);
        flash_mysql_close(mysql);
        return false;
    }
    return true;
}

enum flash_mysql_class flash_mysql_last_class(const struct flash_mysql *mysql)
{
    return mysql->last_class;
}

bool flash_mysql_connected(const struct flash_mysql *mysql)
{
    return mysql->link != NULL;
}
