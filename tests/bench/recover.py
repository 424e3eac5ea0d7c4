"""What a recovery of a large sale takes: Redis is emptied, and a million orders come back from the ledger.

The orders are put into the ledger by SQL, as if they had been sold; proven is that Redis then has every one of them, and that its
units are the ledger's.
"""
import os
import subprocess
import time

from ledger import connected
from rig import BUILD, Failed, wait_until

ORDERS = 1_000_000
USERS = 50_000
QUIET = ["reconciler.recover=off", "reconciler.interval=1h", "reconciler.audit_interval=1h", "reconciler.audit_full_interval=1h"]

ROWS = (
    "INSERT INTO reservation (order_id, sku, user_id, qty, state, version, due, entry_id, line_no, updated_at_ms)"
    " SELECT CONCAT('{sku}.', SUBSTR(TO_BASE64(UNHEX(MD5(seq))), 1, 22)), {sku}, CONCAT('buyer-', seq % {users}), 1, 1 + seq % 2,"
    " 1 + seq % 2, {due} + seq DIV 20000, UNHEX(MD5(seq DIV 256)), seq % 256, 0 FROM seq_1_to_{orders}")
STOCK = ("UPDATE stock SET available = available - {orders}, reserved = {orders} DIV 2, sold = {orders} - {orders} DIV 2"
         " WHERE sku = {sku}")


def fill(rig, sku):
    """A million orders, half of them paid, as the ledger would have them."""
    with connected(rig) as cursor:
        for sql in (ROWS, STOCK):
            cursor.execute(sql.format(sku=sku, orders=ORDERS, users=USERS, due=int(time.time()) + 1800))


def recover(rig):
    """(seconds, MB at its peak) of `flash-reconciler recover`."""
    begun = time.monotonic()
    process = subprocess.Popen([BUILD / "reconciler" / "flash-reconciler", "recover", "--yes", "--config",
                                rig.folder / "flashgate.conf"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"recover: exit {process.returncode}\n{said}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def engines_noted(rig):
    with connected(rig) as cursor:
        cursor.execute("SELECT COUNT(*) FROM engine")
        return cursor.fetchone()[0] >= 1


def measure_recover(rig, _seconds):
    sku = rig.sale(2 * ORDERS)
    fill(rig, sku)
    rig.daemons("up", "reconciler", settings=QUIET)
    wait_until(lambda: engines_noted(rig), 60, "the engines to be noted")
    rig.daemons("stop", "reconciler")
    redis = rig.redis()
    redis.flushall()
    seconds, peak = recover(rig)
    stock, orders = redis.hgetall(f"flash:{{{sku}}}:stock"), redis.hlen(f"flash:{{{sku}}}:orders")
    if (orders, int(stock[b"available"]), redis.hlen(f"flash:{{{sku}}}:users")) != (ORDERS, ORDERS, USERS):
        raise Failed(f"SKU {sku} is not proven: {orders} orders, {stock}")
    if not stock[b"gate"].startswith(b"open:"):
        raise Failed(f"SKU {sku} is not on sale: {stock}")
    return {"recovered": seconds, "recovered_rate": ORDERS / seconds, "recover_memory": peak,
            "recover_redis": redis.info("memory")["used_memory"] / ORDERS}
