/* What an error number of the server or the client library means for the work in hand.
 *
 * One table, number to fate, and one row per fate: class, kind, whether the connection is closed,
 * and how sure it is that nothing happened. Sources: PITFALLS §3; the error lists of MariaDB 10.11
 * and MySQL 8.
 *
 * Doubt goes one way: a COMMIT counts as refused only where the server is known to have rolled back
 * or not to have looked at it; every other failure of a COMMIT is UNKNOWN_COMMIT, and so is a lost
 * answer to a statement that is a transaction of its own. An unlisted number of the client library
 * is taken for a lost connection, an unlisted one of the server for a mistake of ours. */
#include "internal.h"

enum fate {
    ROLLED_BACK, /* the server has undone the transaction or the statement; the explicit ROLLBACK
                    does the rest */
    TURNED_AWAY, /* not taken at all: no connection, no room, not the primary any more */
    BUSY,   /* stopped half-way, by time or for want of room: undone, but at COMMIT nobody knows */
    LOST,   /* the connection went away; what it was asked may have been done */
    EXISTS, /* a key exists already */
    BAD_INPUT, /* these values can never go in */
    TOO_LARGE, /* nor can these, and the server hangs up */
    DENIED,    /* wrong account, password, database or rights */
    MISTAKE,   /* our SQL */
    MISUSE,    /* our use of the library: the connection may be out of step */
    FATE_COUNT,
};

/* Up to which stage it is certain that nothing was committed. */
enum certainty { BEFORE_ALONE, BEFORE_COMMIT, ALWAYS };

static const struct fate_row {
    enum flash_mysql_class class;
    enum flash_error_kind kind;
    bool close;
    enum certainty undone;
} fates[FATE_COUNT] = {
    [ROLLED_BACK] = {FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY, false, ALWAYS},
    [TURNED_AWAY] = {FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY, true, ALWAYS},
    [BUSY] = {FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY, false, BEFORE_COMMIT},
    [LOST] = {FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY, true, BEFORE_ALONE},
    [EXISTS] = {FLASH_MYSQL_DUPLICATE, FLASH_ERROR_DATA, false, BEFORE_COMMIT},
    [BAD_INPUT] = {FLASH_MYSQL_DATA, FLASH_ERROR_DATA, false, BEFORE_COMMIT},
    [TOO_LARGE] = {FLASH_MYSQL_DATA, FLASH_ERROR_DATA, true, BEFORE_COMMIT},
    [DENIED] = {FLASH_MYSQL_BUG, FLASH_ERROR_CONFIG, true, BEFORE_COMMIT},
    [MISTAKE] = {FLASH_MYSQL_BUG, FLASH_ERROR_BUG, false, BEFORE_COMMIT},
    [MISUSE] = {FLASH_MYSQL_BUG, FLASH_ERROR_BUG, true, BEFORE_COMMIT},
};

static const struct {
    unsigned number;
    enum fate fate;
} numbers[] = {
    {1020, ROLLED_BACK}, /* the row changed since it was read (snapshot isolation) */
    {1021, BUSY},        /* disk full */
    {1022, EXISTS},      /* duplicate key on write */
    {1037, BUSY},        /* out of memory */
    {1038, BUSY},        /* out of sort memory */
    {1040, TURNED_AWAY}, /* too many connections */
    {1041, BUSY},        /* out of memory */
    {1042, TURNED_AWAY}, /* cannot get the host's name */
    {1043, TURNED_AWAY}, /* bad handshake */
    {1044, DENIED},      /* no right to the database */
    {1045, DENIED},      /* wrong account or password */
    {1047, TURNED_AWAY}, /* Galera: not ready */
    {1048, BAD_INPUT},   /* column may not be NULL */
    {1049, DENIED},      /* no such database */
    {1053, LOST},        /* shutdown in progress */
    {1062, EXISTS},      /* duplicate entry */
    {1114, BUSY},        /* table full */
    {1129, TURNED_AWAY}, /* host blocked after too many errors */
    {1130, DENIED},      /* host not allowed */
    {1135, TURNED_AWAY}, /* no thread for a connection */
    {1142, DENIED},      /* command denied on the table */
    {1143, DENIED},      /* command denied on the column */
    {1152, LOST},        /* connection aborted */
    {1153, TOO_LARGE},   /* longer than max_allowed_packet */
    {1158, LOST},        /* reading a packet failed */
    {1159, LOST},        /* reading a packet timed out */
    {1160, LOST},        /* writing a packet failed */
    {1161, LOST},        /* writing a packet timed out */
    {1180, BUSY},        /* error during COMMIT */
    {1184, LOST},        /* connection aborted */
    {1203, TURNED_AWAY}, /* too many connections of the user */
    {1205, ROLLED_BACK}, /* lock wait: the statement only */
    {1206, ROLLED_BACK}, /* lock table full */
    {1213, ROLLED_BACK}, /* deadlock: the whole transaction */
    {1223, BUSY},        /* a global read lock is held */
    {1226, TURNED_AWAY}, /* the user's resources are used up */
    {1227, DENIED},      /* privilege needed */
    {1243, LOST},        /* the server does not know this prepared statement */
    {1251, DENIED},      /* authentication protocol not supported */
    {1264, BAD_INPUT},   /* out of range */
    {1265, BAD_INPUT},   /* data truncated */
    {1290, TURNED_AWAY}, /* read-only, after a failover */
    {1292, BAD_INPUT},   /* wrong value, truncated */
    {1300, BAD_INPUT},   /* not a character string of its set */
    {1317, BUSY},        /* interrupted */
    {1364, BAD_INPUT},   /* no default value */
    {1366, BAD_INPUT},   /* not a value of this type */
    {1367, BAD_INPUT},   /* illegal value while parsing */
    {1406, BAD_INPUT},   /* too long */
    {1412, ROLLED_BACK}, /* the table's definition changed */
    {1451, BAD_INPUT},   /* a foreign key points here */
    {1452, BAD_INPUT},   /* a foreign key points nowhere */
    {1461, BUSY},        /* too many prepared statements */
    {1526, BAD_INPUT},   /* no partition for the value */
    {1557, EXISTS},      /* duplicate by way of a foreign key */
    {1586, EXISTS},      /* duplicate entry, named key */
    {1615, LOST},        /* statement must be prepared again: a new connection does */
    {1637, BUSY},        /* too many transactions at once */
    {1644, BAD_INPUT},   /* SIGNAL of a trigger */
    {1690, BAD_INPUT},   /* a number left its range in an expression */
    {1698, DENIED},      /* wrong account, no password used */
    {1792, TURNED_AWAY}, /* transaction is read-only */
    {1836, TURNED_AWAY}, /* read-only mode */
    {1874, TURNED_AWAY}, /* InnoDB is read-only */
    {1927, LOST},        /* connection was killed */
    {1969, BUSY},        /* max_statement_time */
    {2001, TURNED_AWAY}, /* no socket */
    {2002, TURNED_AWAY}, /* cannot connect to the local server */
    {2003, TURNED_AWAY}, /* cannot connect to the server */
    {2004, TURNED_AWAY}, /* no TCP socket */
    {2005, TURNED_AWAY}, /* unknown host */
    {2007, DENIED},      /* another protocol */
    {2012, TURNED_AWAY}, /* handshake failed */
    {2014, MISUSE},      /* commands out of order */
    {2020, TOO_LARGE},   /* an answer longer than the client takes */
    {2030, MISUSE},      /* statement not prepared */
    {2031, MISUSE},      /* no values for the parameters */
    {2034, MISUSE},      /* wrong parameter number */
    {2036, MISUSE},      /* wrong parameter type */
    {2059, DENIED},      /* authentication plugin missing */
    {2061, DENIED},      /* authentication plugin failed */
    {3024, BUSY},        /* MySQL: max_execution_time */
    {3100, ROLLED_BACK}, /* MySQL group replication: before-commit hook */
    {3101, ROLLED_BACK}, /* MySQL group replication: rolled back at COMMIT */
    {3140, BAD_INPUT},   /* MySQL: not JSON */
    {3144, BAD_INPUT},   /* MySQL: not JSON by its character set */
    {3168, TURNED_AWAY}, /* MySQL: server is not available */
    {3572, ROLLED_BACK}, /* MySQL: lock not free, NOWAIT */
    {3819, BAD_INPUT},   /* MySQL: CHECK */
    {4025, BAD_INPUT},   /* MariaDB: CHECK */
    {4031, TURNED_AWAY}, /* MySQL: disconnected for being idle, before it was asked */
    {5003, MISUSE},      /* the library cannot do this with this server */
    {5006, MISUSE},      /* bulk without parameters */
    {5007, MISUSE},      /* not a statement */
    {5009, MISUSE},      /* not a parameter */
    {5010, DENIED},      /* authentication plugin not allowed */
    {5012, DENIED},      /* authentication plugin not loaded */
};

static bool of_the_client(unsigned number)
{
    return (number >= 2000 && number <= 2999) || (number >= 5000 && number <= 5999);
}

static enum fate fate_of(unsigned number)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].number == number) {
            return numbers[i].fate;
        }
    }
    return of_the_client(number) ? LOST : MISTAKE;
}

static bool undone(enum certainty certainty, enum flash_mysql_stage stage)
{
    switch (stage) {
    case FLASH_MYSQL_READ:
    case FLASH_MYSQL_STATEMENT:
        return true;
    case FLASH_MYSQL_ALONE:
        return certainty > BEFORE_ALONE;
    case FLASH_MYSQL_COMMIT:
        return certainty > BEFORE_COMMIT;
    }
    return false;
}

struct flash_mysql_verdict flash_mysql_judge(unsigned number, enum flash_mysql_stage stage)
{
    const struct fate_row *row = &fates[fate_of(number)];
    if (!undone(row->undone, stage)) {
        return (struct flash_mysql_verdict){FLASH_MYSQL_UNKNOWN_COMMIT, FLASH_ERROR_UNKNOWN, true};
    }
    return (struct flash_mysql_verdict){row->class, row->kind, row->close};
}
