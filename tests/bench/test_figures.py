"""No figure without its proof: each measurement asks rig.prove (or verifies the peer's store) and fails when that fails."""
import contextlib
import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import zlib

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import bare  # noqa: E402
import batch  # noqa: E402
import growth  # noqa: E402
import overload  # noqa: E402
import own  # noqa: E402
import peer  # noqa: E402
import plot  # noqa: E402
from rig import Failed  # noqa: E402

LOADER = importlib.machinery.SourceFileLoader("bench_run", str(HERE / "run"))
SPEC = importlib.util.spec_from_loader("bench_run", LOADER)
bench_run = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(bench_run)

REPORT = {"orders": {"accepted": 10, "accepted_per_s": 5.0, "refused": 10, "refused_per_s": 5.0, "unknown": 0},
          "latency_us": {name: {"p50": 1, "p99": 2} for name in ("accepted", "created")},
          "cpu": {"user_s": 1, "system_s": 1}, "requests": {}, "window_s": 1}


class Store:
    """What the fake Redis of an unproven run answers."""

    def __init__(self, **numbers):
        self.numbers = {"xlen": 0, "hlen": 10, "hget": 0, "hvals": [10], "memory_usage": 1600, **numbers}

    def __getattr__(self, name):
        return lambda *_args, **_kwargs: self.numbers.get(name)


class Rig:
    """Runs nothing; its proof fails, as that of a run with a lost order would."""

    def __init__(self, folder):
        self.folder, self.lists, self.sku, self.asked, self.store = folder, {}, 1, [], Store()
        self.metrics = [5, 5]

    def sale(self, *_):
        self.sku += 1
        self.lists[self.sku] = [self.folder / "list"]
        return self.sku

    def prove(self, sku):
        self.asked.append(sku)
        raise Failed(f"SKU {sku} is not proven")

    def redis(self):
        return self.store

    def cpu_s(self, parts):
        return {part: 0.0 for part in parts}

    def bench(self, *_):
        return REPORT

    def metric(self, *_):
        return self.metrics.pop() if self.metrics else 10

    def daemons(self, *_args, **_kwargs):
        pass

    def drain(self, *_):
        return 1.0, {}

    def pid(self, _):
        return 0

    def open_entries(self, _):
        return 0

    settings = ()


@pytest.mark.parametrize("measure", [bench_run.measure_sold, bench_run.measure_jwt, bench_run.measure_rejected,
                                     bench_run.measure_created, bench_run.measure_latency])
def test_an_unproven_result_is_no_figure(tmp_path, measure):
    rig = Rig(tmp_path)
    with pytest.raises(Failed, match="not proven"):
        measure(rig, 1)
    assert rig.asked


@pytest.mark.parametrize("series", [growth.connections, growth.rates, growth.skus, growth.workers,
                                    lambda rig, _: growth.orders_so_far(rig, 1000)])
def test_an_unproven_point_is_in_no_series(tmp_path, monkeypatch, series):
    monkeypatch.setattr(growth, "fill", lambda *_: None)
    monkeypatch.setattr(growth, "rewritten", lambda *_: None)
    rig = Rig(tmp_path)
    with pytest.raises(Failed, match="not proven"):
        series(rig, 1)
    assert rig.asked


@pytest.mark.parametrize("broken", [{"hlen": 9}, {"xlen": 9}, {"hvals": [9]}, {"hget": 1}, {"hlen": 11, "xlen": 11, "hvals": [11]}])
def test_the_peer_is_verified_too(tmp_path, broken):
    rig = Rig(tmp_path)
    right = {"hlen": 10, "xlen": 10, "hvals": [4, 6], "hget": 90}
    rig.store = Store(**right)
    peer.verify_peer(rig, 2, 100, 10, 0)
    rig.store = Store(**{**right, **broken})
    with pytest.raises(Failed, match="not proven"):
        peer.verify_peer(rig, 2, 100, 10, 0)


@pytest.mark.parametrize("report", [{"requests": 10, "orders": {"refused": 9}, "wrong": {"count": 0}},
                                    {"requests": 10, "orders": {"refused": 10}, "wrong": {"count": 1}}])
def test_the_load_generator_has_no_cost_where_an_answer_is_another(tmp_path, monkeypatch, report):
    rig = Rig(tmp_path)
    rig.command = lambda *_: []
    monkeypatch.setattr(own, "spent_on", lambda _: (json.dumps(report), 1.0))
    with pytest.raises(Failed, match="not every answer"):
        own.flash_bench(rig, "http://127.0.0.2:1", 1, 1)


def test_nor_has_wrk(monkeypatch):
    out = "  1000 requests in 2.00s, 1MB read\n  Non-2xx or 3xx responses: {}\n"
    monkeypatch.setattr(own, "spent_on", lambda _: (out.format(1000), 0.5))
    assert own.wrk("http://127.0.0.2:1", 2) == 500
    monkeypatch.setattr(own, "spent_on", lambda _: (out.format(999), 0.5))
    with pytest.raises(Failed, match="not every answer"):
        own.wrk("http://127.0.0.2:1", 2)


@pytest.mark.parametrize("answer", [
    b'HTTP/1.1 503 X\r\n\r\n{"type":"/problems/not-admitting"}', b'HTTP/1.1 200 OK\r\n\r\n{"orders":[{"order_id":"7.b-1","refused":"limit-reached"}]}',
    b'HTTP/1.1 200 OK\r\n\r\n{"orders":[{"order_id":"7.b-1","status":"CREATED"}]}'])
def test_a_batch_that_was_not_accepted_whole_is_no_figure(tmp_path, answer):
    good = b'HTTP/1.1 200 OK\r\n\r\n{"orders":[{"order_id":"7.b-1","status":"QUEUED"}]}'
    assert batch.write_list(tmp_path / "list", 7, [good]) == 1
    with pytest.raises(Failed):
        batch.write_list(tmp_path / "list", 7, [good, answer])


def told_list(path, ids, outcome="accepted"):
    path.write_text("outcome\torder_id\n" + "".join(f"{outcome}\t{order_id}\tu\t1\n" for order_id in ids))


@pytest.mark.parametrize("broken", [None, {"ledger": (2, 1, 2)}, {"ledger": (1, 0, 1)}, {"ledger_states": 1}, {"hlen": 3},
                                    {"hmget": [10, 9]}, {"stock": (2, 1)}, {"outcome": "unknown"}])
def test_a_sale_too_large_to_compare_is_counted(tmp_path, monkeypatch, broken):
    broken, ids = broken or {}, ["2.a", "2.b"]
    total = sum(zlib.crc32(order_id.encode()) for order_id in ids)
    rows = [broken.get("stock", (2, 2)), broken.get("ledger", (2, total, broken.get("ledger_states", 2)))]

    class Cursor:
        def execute(self, *_):
            pass

        def fetchone(self):
            return rows.pop()

    monkeypatch.setattr(growth, "connected", lambda _: contextlib.nullcontext(Cursor()))
    rig = Rig(tmp_path)
    rig.sale()
    told_list(rig.lists[2][0], ids, broken.get("outcome", "accepted"))
    rig.store = Store(hlen=broken.get("hlen", 2), hmget=broken.get("hmget", [10, 8]))
    with pytest.raises(Failed) if broken else contextlib.nullcontext():
        growth.counted(rig, 2)


@pytest.mark.parametrize("orders", [{"unknown": 1}, {"refused_by": {"sold-out": 1}}])
def test_overload_is_answered_by_a_refusal_or_not_measured(orders):
    report = {"orders": {"refused_by": {}, "unknown": 0}, "wrong": {"count": 0}, "errors": {"not-admitting": 5}}
    overload.only_refused_as_busy(report)
    with pytest.raises(Failed, match="overload"):
        overload.only_refused_as_busy({**report, "orders": {**report["orders"], **orders}})


def test_a_script_that_sold_nothing_has_no_rate(tmp_path, monkeypatch):
    monkeypatch.setattr(bare, "run", lambda *_: '"a","b"\n' + '","'.join(["title", *"1234567"]))
    monkeypatch.setattr(bare, "arguments", lambda *_: [])
    rig = Rig(tmp_path)
    rig.env = {"FLASH_REDIS_PORT": "0"}
    rig.store = Store(hget=bare.UNITS, hlen=0, hvals=[])
    with pytest.raises(Failed):
        bare.calls(rig, 32, 10)


@pytest.mark.parametrize("name", peer.MOST)
def test_times_are_given_in_proportion_to_what_the_peer_sells(name):
    found = {f"peer_{name}": peer.AIMS_PEER / 2, **{f"{name}_{key}": 3.0 for key in peer.SCALED}}
    rows = peer.scaled(found, name)
    assert set(rows.values()) == {1.5}
    assert len(rows) == len(peer.SCALED) and set(found) | set(rows) <= set(bench_run.FIGURES)


def test_a_plot_has_every_point():
    drawn = plot.svg("a < b", {1: 10.0, 10: 20.0, 1000: 15.0})
    assert drawn.count("<circle") == 3 and "a &lt; b" in drawn
