"""What the load generator itself costs a request, beside wrk: both ask nginx, whose every answer is the same refusal."""
import json
import re
import resource
import statistics

from peer import CONNECTIONS, HERE, in_turn, nginx
from rig import Failed, run

DEPTH = 16  # requests in flight on a connection


def spent_on(command):
    """(what it printed, CPU seconds it took)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return out, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def flash_bench(rig, url, seconds, depth):
    out, cpu_s = spent_on(rig.command(
        rig.sku, "--url", url, "--connections", CONNECTIONS, "--depth", depth, "--duration", seconds))
    report = json.loads(out)
    if report["wrong"]["count"] or report["orders"]["refused"] != report["requests"]:
        raise Failed(f"flash-bench: not every answer was the refusal: {out}")
    return cpu_s * 1e6 / report["orders"]["refused"]


def wrk(url, seconds):
    script = HERE / "order.wrk.lua"
    out, cpu_s = spent_on(["wrk", "-t", 1, "-c", CONNECTIONS, "-d", f"{seconds:.0f}s", "-s", script, f"{url}/v1/orders"])
    answers, refused = (int(re.search(what, out).group(1)) for what in (r"(\d+) requests in", r"Non-2xx or 3xx responses: (\d+)"))
    if answers != refused:
        raise Failed(f"wrk: not every answer was the refusal: {out}")
    return cpu_s * 1e6 / answers


def measure_own(rig, seconds):
    rig.sale(1)
    with nginx(rig) as (port, _):
        url = f"http://127.0.0.2:{port}"
        single, theirs, many = (statistics.mean(costs) for costs in in_turn(
            seconds, lambda turn_s: flash_bench(rig, url, turn_s, 1), lambda turn_s: wrk(url, turn_s),
            lambda turn_s: flash_bench(rig, url, turn_s, DEPTH)))
    return {"own": single, "own_wrk": theirs, "own_ratio": single / theirs, "own_depth": 1e6 / many}
