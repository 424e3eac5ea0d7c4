#!/usr/bin/python3 -I
"""Shows a sale as it runs, a line a second, from the daemons' /metrics and the journal in Redis. Ends on SIGTERM.

    watch.py ENGINE_PORT CONSUMER_PORT REDIS_PORT SKU       the daemons' operations ports, all on 127.0.0.1
"""
import re
import signal
import sys
import time
import urllib.request

import redis

HEADING = f"  {'time':>5}  {'sold':>7}  {'refused':>9}  {'created':>8}  {'answers/s':>9}  {'journal':>8}  {'lag':>8}"


def metrics(port):
    """{name or name{labels}: value} of one daemon."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def journal(client, sku):
    """(open entries, age of the oldest in ms): what Redis has accepted and the ledger's word is not known of."""
    pipe = client.pipeline(transaction=False)
    key = f"flash:{{{sku}}}:journal"
    pipe.xlen(key).xrange(key, count=1).time()
    length, oldest, (seconds, micros) = pipe.execute()
    now_us = seconds * 1_000_000 + micros
    return length, (now_us - int(oldest[0][0].split(b"-")[0])) / 1000 if oldest else 0.0


def look(engine, consumer, client, sku):
    sold, created = metrics(engine), metrics(consumer)
    orders = {name[len('flash_engine_orders_total{outcome="'):-2]: value for name, value in sold.items()
              if name.startswith("flash_engine_orders_total{")}
    refused = sum(orders.get(word, 0) for word in ("sold_out", "limit_reached", "not_started", "ended"))
    return orders.get("accepted", 0), refused, created["flash_consumer_lines_applied_total"], *journal(client, sku)


def main():
    engine, consumer, redis_port, sku = map(int, sys.argv[1:5])
    client = redis.Redis(port=redis_port)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(HEADING, flush=True)
    start = last = time.monotonic()
    answered, ended = 0, None
    while not ended:
        ended = signal.sigtimedwait({signal.SIGTERM}, max(0.0, last + 1 - time.monotonic()))
        now = time.monotonic()
        try:
            sold, refused, created, length, age_ms = look(engine, consumer, client, sku)
        except (OSError, redis.RedisError) as error:
            print(f"  {now - start:4.0f}s  no figures: {error}", flush=True)
            last = now
            continue
        rate = (sold + refused - answered) / (now - last)
        print(f"  {now - start:4.0f}s  {sold:7,.0f}  {refused:9,.0f}  {created:8,.0f}  {rate:9,.0f}  {length:8,}  "
              f"{age_ms:5.0f} ms", flush=True)
        answered, last = sold + refused, now


if __name__ == "__main__":
    main()
