"""The gate of a SKU: lua/gate, lua/look, lua/beacon, and what lua/load leaves of it."""
import pytest

RUN = "ab" * 20
OTHER = "cd" * 20


def gate(sku):
    return sku.redis.hget(sku.key("stock"), "gate")


def test_a_new_sku_is_open_for_the_server_it_was_loaded_on(sku):
    assert sku.run("load", 3, 10, 0, "", 0, RUN) == ["LOADED"]
    assert gate(sku) == f"open:3:{RUN}"
    assert sku.run("load", 3, 10, 0, "", 0, OTHER) == ["LIVE"]
    assert gate(sku) == f"open:3:{RUN}"


@pytest.mark.parametrize("before,run_id,after", [
    (f"open:1:{RUN}", RUN, f"open:2:{RUN}"), (f"open:1:{RUN}", OTHER, "closed:2:recovery"),
    (f"open:1:{RUN}", "", "closed:2:recovery"), (f"closed:1:loss", RUN, "closed:2:recovery"),
    (f"open:0:{RUN}", RUN, "closed:2:recovery"), (None, RUN, "closed:2:recovery"), ("open:1:", "", "closed:2:recovery")])
def test_a_raise_keeps_only_a_gate_that_was_open_here(sku, before, run_id, after):
    sku.open()
    sku.redis.hdel(sku.key("stock"), "gate")
    if before:
        sku.redis.hset(sku.key("stock"), "gate", before)
    assert sku.run("load", 2, 10, 0, "", 0, run_id) == ["RAISED"]
    assert gate(sku) == after


@pytest.mark.parametrize("run_id", ["x", "AB-1", "ab:cd", " "])
def test_no_run_id_is_no_run_id(sku, run_id):
    assert sku.run("load", 2, 10, 0, "", 0, run_id) == ["CORRUPT", "run_id"]
    assert sku.dump() == {}
    sku.open()
    before = sku.dump()
    assert sku.run("gate", 1, run_id, "") == ["CORRUPT", "run_id"]
    assert sku.dump() == before


def test_open_and_close(sku):
    assert sku.run("gate", 1, RUN, "") == ["ABSENT"]
    assert sku.run("gate", 1, "", "loss") == ["ABSENT"]
    assert sku.dump() == {}
    sku.open()
    assert sku.run("gate", 1, RUN, "") == ["OPEN"]
    assert gate(sku) == f"open:1:{RUN}"
    assert sku.run("gate", 1, "", "forgotten") == ["CLOSED"]
    assert gate(sku) == "closed:1:forgotten"
    before = sku.dump()
    assert sku.run("gate", 2, RUN, "") == ["GENERATION", "1"]
    assert sku.run("gate", 2, "", "loss") == ["GENERATION", "1"]
    assert sku.run("gate", 1, "", "") == ["CORRUPT", "cause"]
    assert sku.run("gate", 1, "", "a:b") == ["CORRUPT", "cause"]
    assert sku.dump() == before


def test_opening_accounts_for_all_that_ran_before(sku):
    sku.open()
    before = sku.now_us()
    assert sku.run("gate", 1, RUN, "") == ["OPEN"]
    last = int(sku.redis.hget(sku.key("stock"), "last"))
    assert before <= last <= sku.now_us()
    ahead = str(last + 3600 * 10**6)  # a clock that was set back
    sku.redis.hset(sku.key("stock"), "last", ahead)
    assert sku.run("gate", 1, RUN, "") == ["OPEN"]
    assert sku.redis.hget(sku.key("stock"), "last") == ahead
    assert int(sku.reserve(("a", "u", 1))[2]) == int(ahead) + 1
    sku.redis.hset(sku.key("stock"), "last", "x")
    assert sku.run("gate", 1, RUN, "") == ["CORRUPT", "last"]


def test_it_stays_closed_while_an_entry_of_an_older_generation_is_open(sku):
    sku.open()
    at = sku.reserve(("a", "u", 1))[2]
    assert sku.run("load", 2, 100, 0, "", 0) == ["RAISED"]
    sku.reserve(("b", "u", 1), generation=2)
    assert sku.run("gate", 2, RUN, "") == ["OLD_ENTRY", "1"]
    assert gate(sku) == "closed:2:recovery"
    assert sku.settle(adopt=[(f"{at}-1", [("a", "C", 1, 1, "u", 9)])], generation=2) == ["OK", 0]
    assert sku.run("gate", 2, RUN, "") == ["OPEN"]  # b is of this generation


def test_an_entry_that_is_none_keeps_it_closed(sku):
    sku.open()
    sku.redis.xadd(sku.key("journal"), {"e": "x"}, id="5-1")
    assert sku.run("gate", 1, RUN, "") == ["OLD_ENTRY", ""]


@pytest.mark.parametrize("available,word", [("-1", ["NEGATIVE", "-1"]), ("x", ["CORRUPT", "available"]), ("0", ["OPEN"])])
def test_it_stays_closed_while_more_is_held_than_there_was(sku, available, word):
    sku.open()
    sku.redis.hset(sku.key("stock"), "available", available)
    assert sku.run("gate", 1, RUN, "") == word
    assert sku.run("gate", 1, "", "loss") == ["CLOSED"]  # closing asks nothing


def test_look(sku):
    assert sku.run("sight") == ["ABSENT", "", "", "", "", "", "", "", 0, ""]
    sku.open(base=7, generation=4)
    assert sku.run("sight") == ["OK", "4", f"open:4:{sku.run_id()}", "7", "0", "1", "0", "", 0, ""]
    at = sku.reserve(("a", "u", 2), generation=4)[2]
    sku.run("beacon", 12)
    sku.run("gate", 4, RUN, "")
    word, *_, last, beacon, length, oldest = found = sku.run("sight")
    assert found[:6] == ["OK", "4", f"open:4:{RUN}", "5", "0", "1"]
    assert int(last) > int(at) and (beacon, length, oldest) == ("12", 1, "4")


def test_look_of_an_absent_sku_still_tells_its_journal(sku):
    sku.redis.xadd(sku.key("journal"), {"e": "x"}, id="5-1")
    assert sku.run("sight") == ["ABSENT", "", "", "", "", "", "", "", 1, "0"]


def test_beacon_only_grows(sku):
    assert sku.run("beacon", 5) == ["ABSENT"]
    sku.open()
    assert sku.run("beacon", 5) == ["KEPT"]
    assert sku.run("beacon", 5) == ["OLD"]
    assert sku.run("beacon", 4) == ["OLD"]
    assert sku.run("beacon", 10) == ["KEPT"]  # as numbers, not as texts
    before = sku.dump()
    for text in ("", "x", "-1", "1.5", "9007199254740991"):
        assert sku.run("beacon", text) == ["CORRUPT", "beacon"]
    assert sku.dump() == before
    sku.redis.hset(sku.key("stock"), "beacon", "x")
    assert sku.run("beacon", 11) == ["CORRUPT", "kept"]


def test_a_full_redis_can_be_recovered(sku, full):
    sku.open()
    full(True)
    assert sku.run("gate", 1, "", "loss") == ["CLOSED"]
    assert sku.run("gate", 1, RUN, "") == ["OPEN"]
    assert sku.run("beacon", 1) == ["KEPT"]
    full(False)


CLOSED = [None, "closed:1:recovery", "closed:1:forgotten", f"open:1:{OTHER}", "open:1:", f"open:2:{RUN}", "open"]


@pytest.mark.parametrize("gate_text", CLOSED)
def test_nothing_expires_and_nothing_is_taken_behind_a_gate_that_is_not_open_for_this_server(sku, gate_text):
    sku.open(base=10)
    sku.make_due()
    sku.created(("a", "u", 1))
    sku.redis.hdel(sku.key("stock"), "gate")
    if gate_text:
        sku.redis.hset(sku.key("stock"), "gate", gate_text)
    before = sku.dump()
    assert sku.expire() == ["CLOSED"]
    assert sku.take("t", 1) == ["CLOSED"]
    assert sku.dump() == before
    assert sku.run("gate", 1, sku.run_id(), "") == ["OPEN"]
    assert sku.expire()[4] == 1
    assert sku.take("t", 1)[0] == "OK"
