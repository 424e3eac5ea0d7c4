"""What the three stores have of some SKUs, as plain data: read by their own clients, by docs/FORMATS.md and deploy/sql alone.

    {"redis": {sku: {stock, orders, users, due, takes, journal}}, "ledger": {table: [row, …]}, "kafka": [message, …]}

Redis first, then the ledger in one snapshot, then Kafka.
"""
import uuid

import pymysql.cursors

TABLES = {
    "stock": "SELECT * FROM stock WHERE sku IN %s",
    "sale": "SELECT * FROM sale WHERE sku IN %s",
    "inflow": "SELECT * FROM inflow WHERE sku IN %s ORDER BY sku, number",
    "reservation": "SELECT * FROM reservation WHERE sku IN %s",
    "verdict": "SELECT * FROM verdict WHERE sku IN %s",
    "stock_log": "SELECT * FROM stock_log WHERE sku IN %s ORDER BY id",
    "parked": "SELECT order_id, entry_id, line_no, sku, type FROM parked WHERE sku IN %s",
    "refund": "SELECT * FROM refund WHERE CAST(SUBSTRING_INDEX(order_id, '.', 1) AS UNSIGNED) IN %s",
    "reconcile_finding": "SELECT cause, state, sku, entry_id, order_id, quantity, detail FROM reconcile_finding WHERE sku IN %s",
}
EVERYTHING = {
    "consumer_progress": "SELECT * FROM consumer_progress",
    "dead_letter": "SELECT id, partition_no, kafka_offset, reason FROM dead_letter",
    "generation": "SELECT * FROM generation",
}
SAMPLE = {  # what a look in between needs of it
    "stock": "SELECT sku, available, base FROM stock WHERE sku IN %s",
    "reservation": "SELECT order_id, sku, qty, state, entry_id FROM reservation WHERE sku IN %s",
    "verdict": "SELECT entry_id, partition_no, kafka_offset FROM verdict WHERE sku IN %s",
    "consumer_progress": "SELECT partition_no, acked FROM consumer_progress",
}
IDS = {"entry_id", "applied_entry", "acked_entry"}


def plain(name, value):
    if name in IDS and value is not None:
        return str(uuid.UUID(bytes=value))
    return value.decode("latin-1") if isinstance(value, bytes) else value


def read_redis(client, sku):
    def key(name):
        return f"flash:{{{sku}}}:{name}"
    pipe = client.pipeline(transaction=True)
    for name in ("stock", "orders", "users", "takes"):
        pipe.hgetall(key(name))
    pipe.zrange(key("due"), 0, -1, withscores=True)
    pipe.xrange(key("journal"))
    stock, orders, users, takes, due, journal = pipe.execute()
    return {"stock": stock, "orders": orders, "users": users, "takes": takes, "due": [list(pair) for pair in due],
            "journal": [[stream, fields["e"]] for stream, fields in journal]}


def read_ledger(stack, skus, queries=None):
    """One snapshot."""
    found = {}
    connection = stack.mysql(user="root", autocommit=False, cursorclass=pymysql.cursors.DictCursor, connect_timeout=2, read_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            for table, query in (queries or {**TABLES, **EVERYTHING}).items():
                cursor.execute(query, (skus,) if "%s" in query else None)
                found[table] = [{name: plain(name, value) for name, value in row.items()} for row in cursor.fetchall()]
    finally:
        connection.close()
    return found


def is_under_way(stack, skus):
    """Whether a short look is enough to know that something is: an open entry, a closed gate, a line that waits."""
    pipe = stack.redis(decode_responses=True, socket_timeout=5).pipeline(transaction=False)
    for sku in skus:
        pipe.xlen(f"flash:{{{sku}}}:journal")
        pipe.hget(f"flash:{{{sku}}}:stock", "gate")
    found = pipe.execute()
    behind, parked = stack.query("SELECT (SELECT SUM(applied - acked) FROM consumer_progress), (SELECT COUNT(*) FROM parked)")[0]
    return any(found[::2]) or not all(str(gate).startswith("open") for gate in found[1::2]) or behind or parked


def read_kafka(topic, starts, skus):
    """Messages with the key of one of the SKUs, from starts on; and where each partition begins and ends."""
    wanted, messages, ends = {str(sku).encode(): str(sku) for sku in skus}, [], []
    for partition, start in enumerate(starts):
        for message in topic.messages(partition, start):
            if message.key in wanted:
                messages.append({"partition": partition, "offset": message.offset, "sku": wanted[message.key],
                                 "value": message.value.decode("latin-1"),
                                 "source": message.headers.get("ce_source", b"test").decode()})
        ends.append([topic.offset(partition, -2), topic.offset(partition)])
    return {"messages": messages, "ends": ends}


def read_all(rig, skus):
    client = rig.stack.redis(decode_responses=True, socket_timeout=5)
    cached = {str(sku): read_redis(client, sku) for sku in skus}
    ledger = read_ledger(rig.stack, skus)
    return {"redis": cached, "ledger": ledger, "kafka": read_kafka(rig.topic, rig.starts, skus)}
