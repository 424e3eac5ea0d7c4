/* Lists the settings of all daemons, a row each.
 *
 * A row is the only place that knows a key: file, environment, --set, --check-config and --help
 * walk this table. Rows of a section stand together. What librdkafka may be told is everything that
 * is not listed here as refused: the protocol's promises rest on those. */
#include "config_keys.h"

#include <assert.h>
#include <string.h>

#include "flash/limits.h"

#define AT(section, name, field)                                                                   \
#section, #name, offsetof(struct flash_config, section.field),                                 \
        sizeof(((struct flash_config *)0)->section.field)

#define TEXT FLASH_CONFIG_TYPE_TEXT
#define SECRET FLASH_CONFIG_TYPE_SECRET
#define INT FLASH_CONFIG_TYPE_INT
#define INT64 FLASH_CONFIG_TYPE_INT64
#define WORD FLASH_CONFIG_TYPE_WORD
#define MS FLASH_CONFIG_TYPE_MS
#define US FLASH_CONFIG_TYPE_US
#define ADDRESS FLASH_CONFIG_TYPE_ADDRESS
#define URL FLASH_CONFIG_TYPE_URL
#define MAILS FLASH_CONFIG_TYPE_MAILS

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
#define MONTH (30LL * DAY)

static const char *const level_words[] = {
    [FLASH_LOG_DEBUG] = "debug",
    [FLASH_LOG_INFO] = "info",
    [FLASH_LOG_WARN] = "warn",
    [FLASH_LOG_ERROR] = "error",
    NULL,
};
static const char *const auth_words[] = {[FLASH_AUTH_JWT] = "jwt", [FLASH_AUTH_OFF] = "off", NULL};
static const char *const accept_words[] = {
    [FLASH_ACCEPT_JOURNAL] = "journal", [FLASH_ACCEPT_LOG] = "log", NULL};
static const char *const switch_words[] = {
    [FLASH_SWITCH_OFF] = "off", [FLASH_SWITCH_ON] = "on", NULL};
static const char *const starttls_words[] = {
    [FLASH_STARTTLS_REQUIRED] = "required", [FLASH_STARTTLS_OFF] = "off", NULL};
static const char *const sms_type_words[] = {
    [FLASH_SMS_JSON] = "json", [FLASH_SMS_FORM] = "form", NULL};
static const char *const sms_severity_words[] = {
    [FLASH_SMS_CRITICAL] = "critical",
    [FLASH_SMS_WARNING] = "warning",
    [FLASH_SMS_INFO] = "info",
    NULL,
};
static const char *const answer_words[] = {[FLASH_NO] = "no", [FLASH_YES] = "yes", NULL};
static const char *const web_schemes[] = {"https", "http", NULL};
static const char *const smtp_schemes[] = {"smtp", "smtps", NULL};

/* section, key, field, type, default, min, max, words, help */
static const struct flash_config_key keys[] = {
    {AT(log, level, level), WORD, "info", 0, 0, level_words, "the lowest level written"},

    {AT(auth, mode, mode), WORD, "jwt", 0, 0, auth_words,
     "off trusts every caller: for trials on a closed network only"},
    {AT(auth, kid_1, kid_1), TEXT, "", 0, 31, NULL, "the name of key_1; empty: tokens without kid"},
    {AT(auth, key_1, key_1), SECRET, "", 0, 255, NULL,
     "HS256 key, at least 32 bytes; @/path: a file's first line"},
    {AT(auth, kid_2, kid_2), TEXT, "", 0, 31, NULL, "the name of key_2"},
    {AT(auth, key_2, key_2), SECRET, "", 0, 255, NULL, "the other key while keys are changed"},

    {AT(redis, host, host), TEXT, "127.0.0.1", 1, 63, NULL,
     "an address, or a name that is looked up once, at the start"},
    {AT(redis, port, port), INT, "6379", 1, 65535, NULL, "its port"},
    {AT(redis, user, user), TEXT, "", 0, 63, NULL, "ACL user; empty: the default user"},
    {AT(redis, password, password), SECRET, "", 0, 255, NULL, "empty: no AUTH"},
    {AT(redis, connect_timeout, connect_timeout_ms), MS, "1s", 10, MINUTE, NULL,
     "to connect, before trying again"},
    {AT(redis, reply_timeout, reply_timeout_ms), MS, "2s", 10, MINUTE, NULL,
     "for a reply, before the connection is given up"},
    {AT(redis, max_in_flight, max_in_flight), INT, "1024", 1, 1000000, NULL,
     "calls waiting on a connection before more are refused"},

    {AT(kafka, brokers, brokers), TEXT, "127.0.0.1:9092", 1, 255, NULL, "host:port,host:port"},
    {AT(kafka, topic, topic), TEXT, "flash.orders", 1, 99, NULL, "entries, keyed by SKU"},
    {AT(kafka, dead_topic, dead_topic), TEXT, "flash.dead", 1, 99, NULL, "what cannot be applied"},
    {AT(kafka, group, group), TEXT, "flash-consumer", 1, 99, NULL, "the consumers' group"},

    {AT(mysql, host, host), TEXT, "127.0.0.1", 1, 63, NULL, "where the ledger is"},
    {AT(mysql, port, port), INT, "3306", 1, 65535, NULL, "its port"},
    {AT(mysql, socket, socket), TEXT, "", 0, 107, NULL, "unix socket; empty: TCP"},
    {AT(mysql, user, user), TEXT, "flashgate", 1, 63, NULL, "account"},
    {AT(mysql, password, password), SECRET, "", 0, 255, NULL, "its password"},
    {AT(mysql, database, database), TEXT, "flashgate", 1, 63, NULL, "schema"},
    {AT(mysql, connect_timeout, connect_timeout_ms), MS, "3s", SECOND, 5 * MINUTE, NULL,
     "to connect, before trying again"},
    {AT(mysql, query_timeout, query_timeout_ms), MS, "10s", SECOND, 10 * MINUTE, NULL,
     "for a statement, before the connection is given up"},

    {AT(http, header_timeout, header_timeout_ms), MS, "2s", 100, MINUTE, NULL,
     "from a request's first byte to the end of its header"},
    {AT(http, body_timeout, body_timeout_ms), MS, "2s", 100, MINUTE, NULL,
     "from there to the end of its body"},
    {AT(http, idle_timeout, idle_timeout_ms), MS, "60s", SECOND, HOUR, NULL,
     "between the requests of a connection"},
    {AT(http, drain_timeout, drain_timeout_ms), MS, "20s", 0, 10 * MINUTE, NULL,
     "for open requests when stopping; 0: none"},
    {AT(http, max_connections, max_connections), INT, "10000", 1, 1000000, NULL,
     "per listener of a worker; past it the idlest is closed"},
    {AT(http, max_connections_per_address, max_connections_per_address), INT, "2000", 1, 1000000,
     NULL, "from one client address, to all workers of a listener together"},

    {AT(engine, listen, listen), ADDRESS, "127.0.0.1:8080", 0, 0, NULL, "for buyers"},
    {AT(engine, internal_listen, internal_listen), ADDRESS, "127.0.0.1:8082", 0, 0, NULL,
     "for health checks and metrics"},
    {AT(engine, workers, workers), INT, "1", 1, 64, NULL, "threads, each with its own event loop"},
    {AT(engine, accept_after, accept_after), WORD, "journal", 0, 0, accept_words,
     "202 once Redis has the order, or once Kafka has it too"},
    {AT(engine, batch_lines, batch_lines), INT, "256", 1, FLASH_BATCH_LINES, NULL,
     "orders of one script call"},
    {AT(engine, gather_window, gather_window_us), US, "1ms", 0, 100000, NULL,
     "wait for company when calls are small and load is high; 0: never"},
    {AT(engine, max_redis_lines, max_redis_lines), INT, "20000", 1, 10000000, NULL,
     "orders of a worker on the way to Redis before 503"},
    {AT(engine, max_journal_entries, max_journal_entries), INT64, "200000", 1, 1000000000, NULL,
     "entries of a SKU without verdict before 503"},
    {AT(engine, max_journal_age, max_journal_age_ms), MS, "10min", SECOND, DAY, NULL,
     "age of the oldest of them before 503"},
    {AT(engine, max_kafka_queue, max_kafka_queue), INT, "50000", 1, 10000000, NULL,
     "messages Kafka has not acknowledged before 503"},
    {AT(engine, max_memory_percent, max_memory_percent), INT, "90", 1, 100, NULL,
     "of Redis' maxmemory before 503"},
    {AT(engine, max_waiting_polls, max_waiting_polls), INT, "5000", 0, 1000000, NULL,
     "requests a worker holds for Prefer: wait; with max_streams below http.max_connections"},
    {AT(engine, max_streams, max_streams), INT, "4000", 0, 1000000, NULL,
     "a worker's open streams of events before 503"},
    {AT(engine, event_heartbeat, event_heartbeat_ms), MS, "15s", 10, 5 * MINUTE, NULL,
     "a stream without events has a comment this often"},

    {AT(consumer, listen, listen), ADDRESS, "127.0.0.1:8083", 0, 0, NULL,
     "for health checks and metrics"},
    {AT(consumer, batch_lines, batch_lines), INT, "4096", 1, 65536, NULL,
     "orders of one transaction"},
    {AT(consumer, stall_after, stall_after_ms), MS, "30s", SECOND, HOUR, NULL,
     "without a commit while messages wait: the watchdog's limit"},

    {AT(admin, listen, listen), ADDRESS, "127.0.0.1:8081", 0, 0, NULL, "for the back office"},
    {AT(admin, rate, rate), INT, "1000", 0, 1000000, NULL,
     "requests a second of one caller, by token or else by address, before 429; 0: no limit"},
    {AT(admin, burst, burst), INT, "2000", 1, 1000000, NULL,
     "requests of one caller at once, when there were fewer before"},

    {AT(reconciler, listen, listen), ADDRESS, "127.0.0.1:8084", 0, 0, NULL,
     "for health checks, metrics and the back office"},
    {AT(reconciler, expiry_interval, expiry_interval_ms), MS, "1s", 100, HOUR, NULL,
     "between looks for orders that are due"},
    {AT(reconciler, expiry_rate, expiry_rate), INT, "2000", 1, 1000000, NULL,
     "due orders taken a second, at most; evenly, so that buyers do not wait"},
    {AT(reconciler, interval, interval_ms), MS, "5s", 100, HOUR, NULL,
     "between comparisons of the journals with the ledger"},
    {AT(reconciler, settle_after, settle_after_ms), MS, "10s", 10, HOUR, NULL,
     "younger entries are left to the consumer"},
    {AT(reconciler, proof_after, proof_after_ms), MS, "30s", SECOND, HOUR, NULL,
     "after it was sent, an entry cannot reach the topic any more: at least its limits' sum"},
    {AT(reconciler, compensate_after, compensate_after_ms), MS, "60s", SECOND, DAY, NULL,
     "age of an entry, proven lost twice, from which its units are given back"},
    {AT(reconciler, stuck_after, stuck_after_ms), MS, "60s", SECOND, HOUR, NULL,
     "without progress of the consumer while a marker waits: nothing is compensated"},
    {AT(reconciler, guard_percent, guard_percent), INT, "1", 0, 100, NULL,
     "of a pass' entries may be compensated in it, or guard_floor if that is more"},
    {AT(reconciler, guard_floor, guard_floor), INT, "20", 0, 1000000, NULL,
     "entries that may be compensated in a pass whatever their share: 1 of 3 is no alarm"},
    {AT(reconciler, guard_entries, guard_entries), INT, "1000", 0, 1000000, NULL,
     "entries that may be compensated in a pass, whatever their share"},
    {AT(reconciler, recover, recover), WORD, "on", 0, 0, switch_words,
     "off: a recovery is somebody's own: flash-reconciler recover"},
    {AT(reconciler, recover_interval, recover_interval_ms), MS, "1s", 100, HOUR, NULL,
     "between looks whether Redis or the ledger has lost something"},
    {AT(reconciler, loss_window, loss_window_ms), MS, "60s", SECOND, HOUR, NULL,
     "losses up to this age are replayed from Kafka, older ones read from the ledger"},
    {AT(reconciler, open_after, open_after_ms), MS, "30s", SECOND, HOUR, NULL,
     "a recovery waits so long for engines that do not answer"},
    {AT(reconciler, lease, lease), WORD, "on", 0, 0, switch_words,
     "off: acts beside others; that is safe, and wasteful"},
    {AT(reconciler, audit_interval, audit_interval_ms), MS, "10s", 10, HOUR, NULL,
     "between audits of every SKU's units"},
    {AT(reconciler, audit_full_interval, audit_full_interval_ms), MS, "5min", 10, DAY, NULL,
     "between audits of every order, user and log row"},
    {AT(reconciler, audit_rate, audit_rate), INT, "10000", 100, 10000000, NULL,
     "orders such an audit compares a second, at most"},

    {AT(alerts, source, source), TEXT, "flashgate", 1, 64, NULL,
     "how messages name this installation"},
    {AT(alerts, webhook_url, webhook_url), URL, "", 0, 255, web_schemes,
     "where changes are posted as JSON; empty: nowhere"},
    {AT(alerts, webhook_secret, webhook_secret), SECRET, "", 0, 255, NULL,
     "signs them (HMAC-SHA256), at least 32 bytes"},
    {AT(alerts, smtp_url, smtp_url), URL, "", 0, 255, smtp_schemes,
     "the mail server, as in smtp://mail.example:587; empty: no mail"},
    {AT(alerts, smtp_starttls, starttls), WORD, "required", 0, 0, starttls_words,
     "whether smtp:// must become TLS before anything is said"},
    {AT(alerts, smtp_user, smtp_user), TEXT, "", 0, 255, NULL, "account there; empty: none"},
    {AT(alerts, smtp_password, smtp_password), SECRET, "", 0, 255, NULL, "its password"},
    {AT(alerts, mail_from, mail_from), MAILS, "", 1, 255, NULL, "the sender's address"},
    {AT(alerts, mail_to, mail_to), MAILS, "", 16, 255, NULL, "who gets mail, with commas between"},
    {AT(alerts, sms_url, sms_url), URL, "", 0, 255, web_schemes,
     "where short messages are posted; empty: nowhere"},
    {AT(alerts, sms_body, sms_body), SECRET, "", 0, FLASH_CONFIG_LINE - 1, NULL,
     "what is posted, with {text} {source} {key} {state} {severity} {at} {id} filled in"},
    {AT(alerts, sms_type, sms_type), WORD, "json", 0, 0, sms_type_words,
     "what sms_body is, and how fields are written in it: escaped for JSON, or for a form"},
    {AT(alerts, sms_authorization, sms_authorization), SECRET, "", 0, 255, NULL,
     "the header Authorization, as in Bearer T; empty: none"},
    {AT(alerts, sms_severity, sms_severity), WORD, "critical", 0, 0, sms_severity_words,
     "the lowest that becomes a short message; what is cleared is info"},
    {AT(alerts, ca_file, ca_file), TEXT, "", 0, 255, NULL,
     "certificates trusted by all three; empty: the system's"},
    {AT(alerts, allow_private, allow_private), WORD, "no", 0, 0, answer_words,
     "whether webhook_url and sms_url may be at a loopback or private address"},
    {AT(alerts, timeout, timeout_ms), MS, "10s", 100, MINUTE, NULL,
     "for one message, from the name's look-up to the answer"},
    {AT(alerts, raise_after, raise_after_ms), MS, "10s", 0, HOUR, NULL,
     "that a part is away before it is an alert"},
    {AT(alerts, clear_after, clear_after_ms), MS, "30s", 0, HOUR, NULL,
     "that it is back before the alert is over"},
    {AT(alerts, retry_first, retry_first_ms), MS, "5s", 10, HOUR, NULL,
     "after a message was not taken; twice that after the next time, and so on"},
    {AT(alerts, retry_max, retry_max_ms), MS, "10min", 10, DAY, NULL, "the longest of these"},
    {AT(alerts, give_up_after, give_up_after_ms), MS, "24h", SECOND, MONTH, NULL,
     "since the change: not tried any more"},
    {AT(alerts, max_expiry_lag, max_expiry_lag_ms), MS, "60s", SECOND, DAY, NULL,
     "that due orders are left before it is an alert"},
    {AT(alerts, max_unsettled_age, max_unsettled_age_ms), MS, "3min", SECOND, DAY, NULL,
     "age of an entry without settlement before it is an alert"},
    {AT(alerts, max_consumer_lag, max_consumer_lag), INT64, "100000", 0, 1000000000, NULL,
     "messages of the orders topic that the ledger does not have yet before it is an alert"},
    {AT(alerts, stock, stock), WORD, "on", 0, 0, switch_words,
     "whether stock that is low, sold out or restocked is an alert"},
    {AT(alerts, stock_interval, stock_interval_ms), MS, "1s", 100, HOUR, NULL,
     "between looks at the stock that changed"},
    {AT(alerts, restock_after, restock_after_ms), MS, "1min", 0, DAY, NULL,
     "that units which came back unasked, as of expired orders, stay before the alert is over"},
    {AT(alerts, summary_at, summary_at), TEXT, "", 0, 5, NULL,
     "when all stock at or under its threshold is summed up each day, as in 07:00; empty: never"},
    {AT(alerts, summary_zone, summary_zone), TEXT, "UTC", 1, 63, NULL,
     "by the clock of this zone, as in Europe/Berlin"},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEY_COUNT <= FLASH_CONFIG_KEYS_MAX, "a mark for each row fits the loader");
_Static_assert(sizeof(enum flash_log_level) == sizeof(int) &&
                   sizeof(enum flash_auth_mode) == sizeof(int) &&
                   sizeof(enum flash_accept_after) == sizeof(int) &&
                   sizeof(enum flash_switch) == sizeof(int) &&
                   sizeof(enum flash_starttls) == sizeof(int) &&
                   sizeof(enum flash_yes_no) == sizeof(int) &&
                   sizeof(enum flash_sms_type) == sizeof(int) &&
                   sizeof(enum flash_sms_severity) == sizeof(int),
               "a WORD is written as an int");

const struct flash_config_unit flash_config_units[FLASH_CONFIG_UNITS] = {
    {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}, {"h", 3600000000},
};

const struct flash_config_pass flash_config_passes[FLASH_CONFIG_PASS_SECTIONS] = {
    {"kafka.producer", offsetof(struct flash_config, kafka.producer)},
    {"kafka.consumer", offsetof(struct flash_config, kafka.consumer)},
};

static const struct {
    const char *name, *reason;
} refused[] = {
    {"acks", "an order counts as sent only when all in-sync replicas have it"},
    {"request.required.acks", "an order counts as sent only when all in-sync replicas have it"},
    {"enable.idempotence", "a broker that froze and came back makes it fatal; copies are harmless"},
    {"message.timeout.ms", "an entry is proven lost only by the 20 s after which nothing is sent"},
    {"delivery.timeout.ms", "an entry is proven lost only by the 20 s after which nothing is sent"},
    {"enable.auto.commit", "progress is kept in the ledger, the group's offset only mirrors it"},
    {"auto.commit.enable", "progress is kept in the ledger, the group's offset only mirrors it"},
    {"enable.auto.offset.store", "progress is kept in the ledger, the group's offset mirrors it"},
    {"auto.offset.reset", "a position outside the log must be noticed, never skipped"},
    {"partition.assignment.strategy", "the revocation rules are those of range assignment"},
    {"partitioner", "all entries of a SKU must stay in one partition"},
    {"bootstrap.servers", "it is kafka.brokers"},
    {"metadata.broker.list", "it is kafka.brokers"},
    {"group.id", "it is kafka.group"},
    {"transactional.id", "the ledger's verdict makes an entry count once, not transactions"},
    {"isolation.level", "nothing is written in Kafka transactions"},
};

static const char *const pass_secrets[] = {
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "ssl_key",
};

const struct flash_config_key *flash_config_keys(size_t *ret_count)
{
    *ret_count = KEY_COUNT;
    return keys;
}

const struct flash_config_key *flash_config_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

const char *flash_config_pass_refused(const char *name)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (strcmp(refused[i].name, name) == 0) {
            return refused[i].reason;
        }
    }
    return NULL;
}

bool flash_config_pass_secret(const char *name)
{
    for (size_t i = 0; i < sizeof(pass_secrets) / sizeof(pass_secrets[0]); i++) {
        if (strcmp(pass_secrets[i], name) == 0) {
            return true;
        }
    }
    return false;
}
