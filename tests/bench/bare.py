"""The bare limit: lua/reserve itself, called by redis-benchmark, one call in flight, with lines as an engine would send them."""
from rig import ROOT, Failed, run

UNITS = 100_000_000
CALLS = {256: 1_000, 32: 2_000}
UUID = "0192f6a0-0000-7000-8000-000000000000"


def arguments(rig, sku, lines):
    """redis-benchmark puts a new random number of 12 digits in place of each __rand_int__: a ref that is hardly ever known."""
    client, key = rig.redis(), f"flash:{{{sku}}}:"
    sha = client.script_load((ROOT / "lua" / "reserve.lua").read_text())
    refs = ["r-__rand_int__--------"] * lines
    json = ",".join(f'["{ref}","u-000001",1]' for ref in refs)
    words = ["EVALSHA", sha, 5, *(key + name for name in ("stock", "orders", "users", "due", "journal")),
             client.hget(key + "stock", "generation").decode(), UUID, "1", json]
    return words + [word for i, ref in enumerate(refs) for word in (ref, f"u-{i + 1:06}", 1)]


def calls(rig, lines, count):
    """Orders/s of so many calls. What they sold is counted, and removed: no consumer will ever hear of it."""
    sku = rig.sale(UNITS)
    client, key = rig.redis(), f"flash:{{{sku}}}:"
    before = rig.cpu_s(["redis"])["redis"]
    out = run("redis-benchmark", "-p", rig.env["FLASH_REDIS_PORT"], "-c", 1, "-n", count, "-r", 2_000_000_000, "--csv",
              *arguments(rig, sku, lines))
    spent = rig.cpu_s(["redis"])["redis"] - before
    rate = float(out.splitlines()[-1].split('","')[-7])  # the title before it is the whole command
    sold, orders = UNITS - int(client.hget(key + "stock", "available")), client.hlen(key + "orders")
    held = sum(map(int, client.hvals(key + "users")))
    client.delete(*(key + name for name in ("stock", "orders", "users", "due", "journal")))
    if not 0.99 * count * lines < sold == orders == held:
        raise Failed(f"redis-benchmark sold {sold} units, {orders} orders, {held} held, of {count * lines}: not proven")
    return rate * sold / count, spent * 1e6 / sold


def measure_bare(rig, _seconds):
    found = {}
    for lines, count in CALLS.items():
        found[f"bare_{lines}"], cpu = calls(rig, lines, count)
        found[f"bare_{lines}_cpu"] = {"redis": cpu}
    return found
