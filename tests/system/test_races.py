"""Every row of the race table in docs/ORDER-STATES.md against real servers: one after the other, in both orders, with the ledger
late and with Redis killed in between, and both sides at the same moment.

The rows are read from the page, and each names what both sides are told and everything that is left; nothing is expected here
that the page does not say.
"""
import asyncio
import collections
import itertools
import random

import pytest

from books import read_quiet
from daemons import until
from races import HTTP, SERVERS, choices, ground, listed, read_table, spoken
from stack import Stack
from volley import Request, volley, volley_async

CELLS = read_table()
RACES = list(dict.fromkeys((cell.race, cell.begins) for cell in CELLS))
ONE_BY_ONE = 15 # orders of a row, in each variant
AT_ONCE = 1000  # orders of a race
REPEATED = 100  # of them
BURST = 100     # of them go out together: on one long list the quicker side leaves the other behind, and races no more
NEIGHBOURS = 60 # requests between the two of one order, at most
LEDGER_S = (0.001, 0.5) # an order is CREATED within such a time
PREPARED = {"PAID": ["pay p1"], "RETURNED": ["pay p1", "release"], "CANCELLED": ["cancel"]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("races") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def place(stack):
    with ground(stack) as everything:
        yield everything


# ---- the page ----

def test_the_table_has_both_orders_of_every_race():
    by_race = collections.defaultdict(set)
    for cell in CELLS:
        assert {cell.first, cell.then} <= HTTP | SERVERS, cell
        by_race[cell.race, cell.begins].add((cell.first, cell.then))
    for race, orders in by_race.items():
        assert {(then, first) for first, then in orders} == orders, f"{race} lacks an order"
    named = {race for race, _ in by_race}
    assert named >= {"pay × cancel", "pay × expire", "cancel × expire", "pay × pay, another payment", "pay × pay, the same payment",
                     "return × return", "cancel × cancel", "cancel × return", "cancel × compensation", "pay × being applied"}
    late = {begins for race, begins in by_race if race.startswith("late pay")}
    assert late == {"PAID", "CANCELLED", "EXPIRED", "RETURNED", "FAILED"}


# ---- where a row begins ----

def prepare(ground, cells):
    """An order for each cell, in the state where it begins."""
    groups = collections.defaultdict(list)
    for begins, some in itertools.groupby(sorted(cells, key=lambda cell: cell.begins), lambda cell: cell.begins):
        groups[begins] = ground.place(some, ground.brief if begins in ("due", "lost, due", "EXPIRED") else ground.slow)
    expired = groups["EXPIRED"]
    ground.create(expired)
    ground.until_created(expired)
    ground.until_due(expired)
    assert ground.expire() == len(expired)
    created = [order for begins, group in groups.items() for order in group
               if begins in ("CREATED", "due", *PREPARED)]
    ground.create(created)
    ground.until_created(created)
    for begins, verbs in PREPARED.items():
        for verb in verbs:
            answers = ground.send(order.request(verb) for order in groups[begins])
            assert all(status in (200, 202) for status, _ in answers), answers[:3]
    ground.lose(groups["FAILED"])
    ground.compensate(groups["FAILED"])
    ground.until_created([order for group in groups.values() for order in group])
    read_quiet(ground.stack, ground.skus)
    ground.lose(groups["lost"] + groups["lost, due"])
    ground.until_due(groups["due"] + groups["lost, due"])
    return [order for group in groups.values() for order in group]


# ---- what is left ----

def is_told(cell, side, text, late):
    """Whether the cell has this answer: with late, met half-way; without, settled; None: either."""
    allowed = choices((cell.first_told, cell.then_told)[side])
    return text in allowed if late is None else text == allowed[0 if late else 1]


def outcome(books, order):
    """What is left of an order, in the table's words."""
    row = books.rows[order.id]
    log = ([] if row.state == "FAILED" else ["reserve"]) + books.moves[order.id]
    units = "back" if books.cached[order.id].state in ("CANCELLED", "EXPIRED", "RETURNED", "FAILED") else "held"
    return (row.state, units, log, sorted(books.refunds[order.id]))


def wanted(cell):
    return (cell.ends, cell.units, listed(cell.log), listed(cell.refunds))


def as_in(books, order, cell, told, late):
    """Whether the order went as this cell says, first and then being told so."""
    return (outcome(books, order) == wanted(cell) and str(books.rows[order.id].version) in choices(cell.version)
            and is_told(cell, 0, told[0], late) and is_told(cell, 1, told[1], late))


def story(books, order):
    return (order.id, order.cell, order.told, outcome(books, order), books.rows[order.id].version)


def check_rows(ground, orders, late):
    books = read_quiet(ground.stack, ground.skus)
    wrong = []
    for order in orders:
        mine = books[order.sku]
        order.told = [own_words(verb, text, mine.rows[order.id]) for verb, text in
                      zip((order.cell.first, order.cell.then), order.told)]
        if not as_in(mine, order, order.cell, order.told, late):
            wrong.append(story(mine, order))
    assert not wrong, f"{len(wrong)} of {len(orders)}: {wrong[:4]}"
    for each in books.values():
        each.check()


def own_words(verb, text, row):
    """The server's own moves get no answer: expire has taken what ended as EXPIRED; the others did what they do."""
    if verb == "expire":
        return text or ("taken" if row.state == "EXPIRED" else "left")
    return {"fence": "fenced", "apply": "applied"}.get(verb, text)


def repeat(ground, orders):
    """Each request again: decided as before, with today's state, and nothing else changes."""
    before = read_quiet(ground.stack, ground.skus)
    asked = [(order, side, verb) for order in orders for side, verb in enumerate((order.cell.first, order.cell.then))
             if verb in HTTP and order.told[side] != "409 QUEUED"]
    answers = ground.send(order.request(verb) for order, _, verb in asked)
    for (order, side, verb), answer in zip(asked, answers):
        state = before[order.sku].rows[order.id].state
        was = order.told[side]
        assert spoken(answer) == f"{was[:3]} {state}{', refund due' * was.endswith('due')}", (story(before[order.sku], order), verb)
    assert ground.expire() == 0
    after = read_quiet(ground.stack, ground.skus)
    for order in orders:
        assert outcome(after[order.sku], order) == outcome(before[order.sku], order), story(after[order.sku], order)
    for books in after.values():
        books.check()


# ---- one after the other ----

def do(ground, orders, side):
    """One side of all these orders."""
    verbs = collections.defaultdict(list)
    for order in orders:
        verbs[(order.cell.first, order.cell.then)[side]].append(order)
    asked = [order for verb, group in verbs.items() if verb in HTTP for order in group]
    answers = ground.send(order.request((order.cell.first, order.cell.then)[side]) for order in asked)
    for order, answer in zip(asked, answers):
        order.told[side] = spoken(answer)
    ground.compensate(verbs["fence"])
    if verbs["expire"]:
        taken = ground.expire()
        expected = sum(order.cell.first_told == "taken" and side == 0 for order in verbs["expire"])
        assert taken == expected, (side, taken, expected)
        for order in verbs["expire"]:
            order.told[side] = "taken" if side == 0 and order.cell.first_told == "taken" else "left"


@pytest.mark.parametrize("late", [True, False], ids=["half-way", "settled"])
@pytest.mark.parametrize("restart", [False, True], ids=["", "redis-restarts"])
def test_one_after_the_other(place, late, restart):
    cells = [cell for cell in CELLS if cell.begins != "QUEUED" for _ in range(ONE_BY_ONE)]
    orders = prepare(place, cells)
    with place.frozen_consumer(late):
        do(place, orders, 0)
        if not late:
            until(lambda: settled(place, orders), "the first side is not settled")
        if restart:
            place.restart_redis()
        do(place, orders, 1)
    check_rows(place, orders, late)
    if restart:
        place.restart_redis()
    repeat(place, orders)


def settled(ground, orders):
    """The ledger and Redis know what the first side did; what is left in the journal are the lost entries."""
    lost = {order.entry[1] for order in orders if order.entry}
    for sku in ground.skus:
        if {stream for stream, _ in ground.redis.xrange(f"flash:{{{sku}}}:journal")} - lost:
            return False
    states = {record[0] for order in orders for record in [ground.redis.hget(f"flash:{{{order.sku}}}:orders", order.ref)]}
    return not states & set("KER") and ground.stack.query("SELECT COUNT(*) FROM parked")[0][0] == 0


@pytest.mark.parametrize("restart", [False, True], ids=["", "redis-restarts"])
def test_before_and_after_being_applied(place, restart):
    cells = [cell for cell in CELLS if cell.begins == "QUEUED" for _ in range(ONE_BY_ONE)]
    orders = place.place(cells, place.slow)
    with place.frozen_consumer():
        place.create(orders)
        do(place, [order for order in orders if order.cell.first != "apply"], 0)
        if restart:
            place.restart_redis()
    place.until_created(orders)
    if restart:
        place.restart_redis()
    do(place, [order for order in orders if order.cell.first == "apply"], 1)
    check_rows(place, orders, None)
    repeat(place, orders)


# ---- both at the same moment ----

async def http_side(ground, orders, seed, begun):
    """The HTTP requests of these orders, both of one as neighbours in time; the answers go to the orders. begun is set when
    the first fifth is answered."""
    dice = random.Random(seed)
    asked = [(order, side, verb) for order in orders for side, verb in enumerate((order.cell.first, order.cell.then)) if verb in HTTP]
    places = sorted(range(len(asked)), key=lambda place: place + dice.uniform(0, NEIGHBOURS))
    asked = [asked[place] for place in places]
    answered = itertools.count(1)

    def note(_index, _answer):
        if next(answered) == len(asked) // 5:
            begun.set()
    answers = await volley_async(ground.engine, [order.request(verb) for order, _, verb in asked], note)
    for order in orders:
        order.told = {}
    for (order, side, verb), answer in zip(asked, answers):
        order.told[side, verb] = spoken(answer)


async def expire_side(ground, orders, daemon, begun):
    """Passes until all of these orders are out of CREATED."""
    await begun.wait()
    ask = Request(False, "POST", "/v1/expiry/pass")
    while True:
        (status, answer), = await volley_async(daemon, [ask])
        assert status == 200, answer
        records = ground.redis.hmget(f"flash:{{{ground.brief}}}:orders", [order.ref for order in orders])
        if answer["complete"] and not any(record[0] == "C" or record[0] == "A" for record in records):
            return


async def fence_side(ground, orders, begun):
    settles = ground.fence(orders)
    random.Random(len(orders)).shuffle(settles)

    def settle():
        for each in settles:
            assert each() == ["OK", 0]
    await begun.wait()
    await asyncio.get_running_loop().run_in_executor(None, settle)


async def race(ground, orders, seed):
    """Both sides of all these orders, which are in one race."""
    verbs, begun = {orders[0].cell.first, orders[0].cell.then}, asyncio.Event()
    if verbs <= HTTP:
        for at in range(0, len(orders), BURST):
            await http_side(ground, orders[at:at + BURST], f"{seed} {at}", begun)
        return
    sides = [http_side(ground, orders, seed, begun)]
    if not verbs & HTTP:
        begun.set()
    if "expire" in verbs:
        sides += [expire_side(ground, orders, daemon, begun) for daemon in ground.reconcilers[:2 if len(verbs) == 1 else 1]]
    if "fence" in verbs:
        sides.append(fence_side(ground, orders, begun))
    await asyncio.gather(*sides)


def race_with_the_consumer(ground, orders, seed):
    """Each order is followed by its other request after a moment, mostly a short one."""
    dice = random.Random(seed)
    verb, = {orders[0].cell.first, orders[0].cell.then} & HTTP

    def follow(index, answer):
        return LEDGER_S[0] * (LEDGER_S[1] / LEDGER_S[0]) ** dice.random(), orders[index].request(verb)
    answers = volley(ground.engine, [order.request("order") for order in orders], follow)
    for order, answer in zip(orders, answers):
        order.told = {(0, verb): spoken(answer)}


@pytest.fixture(scope="module")
def raced(place):
    """({race: its orders}, the books when all is over). Due and lost orders are made one race at a time: a pass takes
    all that are due, and a lost one stays in the journal."""
    orders = {race: [] for race in RACES}
    first_rows = {(cell.race, cell.begins): cell for cell in reversed(CELLS)}
    at_any_time = [race for race in RACES if race[1] not in ("QUEUED", "due", "lost", "lost, due")]
    for order in prepare(place, [first_rows[each] for each in at_any_time for _ in range(AT_ONCE)]):
        orders[order.cell.race, order.cell.begins].append(order)
    for seed, each in enumerate(RACES):
        if each[1] == "QUEUED":
            orders[each] = place.place([first_rows[each]] * AT_ONCE, place.slow)
            race_with_the_consumer(place, orders[each], seed)
        else:
            orders[each] = orders[each] or prepare(place, [first_rows[each]] * AT_ONCE)
            asyncio.run(race(place, orders[each], seed))
    return orders, read_quiet(place.stack, place.skus)


@pytest.mark.parametrize("name", RACES, ids=", ".join)
def test_at_the_same_moment(raced, name):
    """Each order went as one of the race's rows; where the rows can be told apart, each was some orders' way."""
    cells = [cell for cell in CELLS if (cell.race, cell.begins) == name]
    orders, books = raced[0][name], raced[1]
    won, wrong = collections.Counter(), []
    for order in orders:
        mine = books[order.sku]
        fits = [(cell, told) for cell in cells for told in tellings(order, cell, mine.rows[order.id])
                if as_in(mine, order, cell, told, None)]
        if fits:
            order.cell, order.told = fits[0]
            won[order.cell.first] += 1
        else:
            wrong.append(story(mine, order))
    assert not wrong, f"{len(wrong)} of {len(orders)}: {wrong[:4]}"
    assert sum(won.values()) == AT_ONCE
    assert len(won) == len(cells) or not apart(cells), f"no race: {won}"


def apart(cells):
    """Whether the race's rows differ in what somebody is told."""
    said = [{cell.first: set(choices(cell.first_told)), cell.then: set(choices(cell.then_told))} for cell in cells]
    return len(cells) == 2 and any(not said[0][verb] & said[1][verb] for verb in said[0])


def tellings(order, cell, row):
    """What first and then may have been told, if the order went as the cell: the same verb twice fits both ways."""
    found = collections.defaultdict(list)
    for (_, verb), text in order.told.items():
        found[verb].append(text)
    for verb in {cell.first, cell.then} & SERVERS:
        found[verb] = [own_words(verb, None, row)]
    if cell.first != cell.then:
        return [(found[cell.first][0], found[cell.then][0])]
    both = ["taken", "left"] if cell.first == "expire" else found[cell.first]
    return [tuple(both), tuple(both[::-1])]


def test_all_of_it_adds_up(raced):
    for books in raced[1].values():
        books.check()


def test_repeats_after_a_restart(place, raced):
    place.restart_redis()
    repeat(place, [order for orders in raced[0].values() for order in orders[:REPEATED]])
