"""The checker is checked: in a sale where all went well it finds nothing, and each of these violations it finds."""
import copy
import json
import uuid

import pytest

from judge import CHECKS, judge
from small_shop import SKU, SmallShop

PLANTED = {}


@pytest.fixture
def case():
    return copy.deepcopy(SmallShop().case())


def planted(*checks):
    """A violation that at least these checks must find."""
    def note(function):
        PLANTED[function.__name__] = (function, set(checks))
        return function
    return note


def row(case, ref):
    return next(row for row in case["stores"]["ledger"]["reservation"] if row["order_id"] == f"{SKU}.{ref}")


def redis_of(case):
    return case["stores"]["redis"][SKU]


def table(case, name):
    return case["stores"]["ledger"][name]


def add(field, number, case):
    redis_of(case)["stock"][field] = str(int(redis_of(case)["stock"][field]) + number)


def call(case, op, order=None, **more):
    """The first such call."""
    return next(line for line in case["history"] if line["op"] == op and (order is None or order in (
        line.get("order"), (line["body"] or {}).get("order_id"))) and all(line.get(key) == value for key, value in more.items()))


def later(case, line, **more):
    """The same call again, at the end."""
    t = case["history"][-1]["t1"] + 1
    case["history"].append({**copy.deepcopy(line), "t0": t, "t1": t + 0.1, **more})


@planted("redis_units", "never_undersold")
def a_unit_is_lost_in_redis(case):
    add("available", -1, case)


@planted("redis_units", "never_undersold")
def a_unit_is_given_back_twice(case):
    add("available", 1, case)


@planted("redis_users")
def a_users_count_is_not_given_back(case):
    redis_of(case)["users"]["u3"] = "3"


@planted("never_oversold", "ledger_units")
def more_is_sold_than_there_is(case):
    for ref in "aghb":
        row(case, ref)["qty"] = 9


@planted("copies_agree", "every_acceptance_is_an_order")
def an_accepted_order_is_lost(case):
    table(case, "reservation").remove(row(case, "a"))


@planted("nobody_has_an_order_he_did_not_ask_for")
def an_order_of_nobody(case):
    table(case, "reservation").append({**row(case, "a"), "order_id": f"{SKU}.zz", "user_id": "stranger"})


@planted("a_key_has_one_order")
def a_retry_makes_a_second_order(case):
    body = {**call(case, "order", f"{SKU}.a")["body"], "order_id": f"{SKU}.g"}
    later(case, call(case, "order", f"{SKU}.a"), body=body)


@planted("an_acceptance_stands")
def accepted_and_then_sold_out(case):
    later(case, call(case, "order", f"{SKU}.a"), status=409, body={"type": "/problems/sold-out"})


@planted("created_never_fails")
def a_created_order_fails(case):
    row(case, "a")["state"] = 6
    table(case, "verdict")[0]["verdict"] = 2


@planted("answers_do_not_go_back")
def a_paid_order_is_created_again(case):
    later(case, call(case, "get", f"{SKU}.b", n=0))
    case["history"][-1]["body"]["status"] = "QUEUED"


@planted("last_words_are_true")
def the_page_says_what_is_not(case):
    call(case, "get", f"{SKU}.c", n=-1)["body"]["status"] = "CREATED"


@planted("everything_is_decided")
def an_entry_is_left_open(case):
    redis_of(case)["journal"].append(["1001-5", json.dumps({"id": str(uuid.uuid4()), "type": "reserve", "lines": []})])


@planted("an_entry_is_open_or_decided")
def a_decided_entry_is_still_open(case):
    entry = table(case, "verdict")[0]["entry_id"]
    redis_of(case)["journal"].append(["1001-5", json.dumps({"id": entry, "type": "reserve", "lines": []})])


@planted("everything_is_decided")
def an_order_is_half_way_for_ever(case):
    redis_of(case)["orders"]["c"] = redis_of(case)["orders"]["c"].replace("X2", "K2")


@planted("log_adds_up")
def a_row_of_the_log_is_missing(case):
    table(case, "stock_log").remove(next(line for line in table(case, "stock_log") if line["type"] == 1))


@planted("log_has_every_step_once")
def a_cancel_is_logged_twice(case):
    table(case, "stock_log").append(next(line for line in table(case, "stock_log") if line["order_id"] == f"{SKU}.c"))


@planted("the_log_of_kafka_is_applied")
def a_message_was_skipped(case):
    message = copy.deepcopy(case["stores"]["kafka"]["messages"][-1])
    entry = {**json.loads(message["value"]), "id": str(uuid.uuid4())}
    case["stores"]["kafka"]["messages"].append({**message, "offset": message["offset"] + 1, "value": json.dumps(entry, separators=(",", ":"))})


@planted("every_row_has_its_verdict")
def a_fenced_entry_was_applied_after_all(case):
    row(case, "f")["state"] = 1


@planted("only_orders_and_takes_are_given_up")
def a_payment_was_given_up(case):
    next(verdict for verdict in table(case, "verdict") if verdict["type"] == 2)["verdict"] = 2


@planted("progress_is_within_the_log")
def the_ledger_has_read_what_is_not_in_the_log(case):
    table(case, "consumer_progress")[0]["applied"] += 5


@planted("nothing_is_dead_but_poison")
def a_good_message_was_put_aside(case):
    table(case, "dead_letter").append({"id": 1, "partition_no": 0, "kafka_offset": 1, "reason": "?"})


@planted("a_payment_is_never_lost")
def a_payment_has_no_trace(case):
    row(case, "b").update(state=1, payment_id=None)


@planted("a_payment_is_never_lost")
def a_late_payment_has_no_refund(case):
    table(case, "refund").clear()


@planted("nothing_is_refunded_that_paid")
def a_payment_that_paid_is_refunded(case):
    table(case, "refund").append({"order_id": f"{SKU}.b", "payment_id": "pb", "entry_id": "", "state_met": 2})


@planted("what_was_promised_was_done")
def a_cancelled_order_is_still_held(case):
    row(case, "c")["state"] = 1


@planted("what_was_promised_was_done")
def an_order_is_returned_that_nobody_returned(case):
    case["history"] = [line for line in case["history"] if line["op"] != "return"]


@planted("a_reference_counts_once", "base_agrees")
def a_restock_counts_twice(case):
    first = next(one for one in table(case, "inflow") if one["reference"] == "r0")
    table(case, "inflow").append({**first, "number": 4})


@planted("base_agrees")
def redis_does_not_have_an_inflow(case):
    redis_of(case)["stock"]["inflow"] = "2"


@planted("nobody_has_more_than_the_limit")
def a_user_has_more_than_the_limit(case):
    row(case, "g")["user_id"] = "u1"


@planted("sold_out_is_true")
def sold_out_with_units_left(case):
    later(case, call(case, "order", f"{SKU}.a"), user="u9", key="k9", status=409, body={"type": "/problems/sold-out"})


@planted("the_limit_is_true")
def refused_below_the_limit(case):
    later(case, call(case, "order", f"{SKU}.a"), user="u9", key="k9", status=409, body={"type": "/problems/limit-reached"})


@planted("nothing_expires_early")
def an_order_expired_early(case):
    row(case, "d")["updated_at_ms"] = (row(case, "d")["due"] - 10) * 1000


@planted("what_is_due_expires")
def an_order_never_expires(case):
    case["ended_s"] = row(case, "a")["due"] + 100


@planted("created_orders_are_watched")
def nobody_watches_a_deadline(case):
    redis_of(case)["due"].pop(0)


@planted("the_gate_is_open")
def a_gate_is_never_opened_again(case):
    redis_of(case)["stock"]["gate"] = "closed:1:recovery"


@planted("the_audit_saw_nothing")
def the_audit_found_drift(case):
    table(case, "reconcile_finding").append({"cause": "drift_up", "sku": int(SKU), "entry_id": None, "detail": "1 unit"})


@planted("what_was_given_up_is_reported")
def a_fence_is_not_in_the_reports(case):
    table(case, "reconcile_finding").clear()


@planted("samples_balance")
def a_moment_in_which_units_were_nowhere(case):
    case["samples"].append({"t": 2.0, "redis": {SKU: [17, 5, 23]}, "ledger": {}})


@planted("created_is_in_the_ledger")
def redis_was_told_before_the_commit(case):
    case["samples"].append({"t": 2.0, "redis": {}, "ledger": {}, "missing": [f"{SKU}.a"]})


@planted("what_is_acked_is_known")
def an_acked_order_is_unknown_to_an_open_redis(case):
    case["samples"].append({"t": 2.0, "redis": {}, "ledger": {}, "forgotten": [f"{SKU}.a"]})


@planted("it_comes_to_rest")
def it_never_comes_to_rest(case):
    case["quiet_s"] = None


@planted("nobody_died_by_himself")
def a_daemon_died(case):
    case["died"].append(["engine", -6, []])


@planted("a_used_key_was_used")
def a_fresh_key_is_called_used(case):
    later(case, call(case, "order", f"{SKU}.a"), user="u9", key="k9", status=422, body={"type": "/problems/key-reused"})


@planted("a_failure_has_a_reason")
def the_ledger_had_too_little_though_nothing_was_lost(case):
    row(case, "f")["state"] = 7


@planted("a_version_is_its_steps")
def a_step_without_a_version(case):
    row(case, "e")["version"] = 2


@planted("log_units_of_entries")
def an_entry_took_other_units_than_its_orders_have(case):
    row(case, "g")["qty"] = 2


@planted("copies_agree_at_rest")
def an_order_was_forgotten_until_somebody_asked_again(case):
    del case["rest"]["redis"][SKU]["orders"]["b"]


@planted("nothing_odd_was_said")
def a_sanitizer_has_reported(case):
    case["odd"] = ["flash-engine: ==1==ERROR: AddressSanitizer: heap-use-after-free"]


def test_an_order_that_is_about_to_expire_may_be_met_half_way(case):
    orders = case["rest"]["redis"][SKU]["orders"]
    orders["d"] = "C" + orders["d"][1:]
    assert judge(case) == []


def test_all_is_well(case):
    assert judge(case) == []


@pytest.mark.parametrize("name", PLANTED)
def test_found(case, name):
    plant, expected = PLANTED[name]
    plant(case)
    found = judge(case)
    assert expected <= {check for check, _ in found}, found


def test_every_check_finds_something():
    """No check is there that no planted violation needs."""
    assert CHECKS.keys() == set().union(*(checks for _, checks in PLANTED.values()))
    assert len(PLANTED) >= 25
