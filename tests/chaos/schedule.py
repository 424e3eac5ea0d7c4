"""From one seed: what buyers and the back office do and what breaks meanwhile, as plain data that JSON can carry.

    schedule = make(17)             the same for the same seed, everywhere
    schedule = make(17, "fence")    of a flavour: shorter, with faults of set kinds: what finds a mutant soon

Times are seconds since the beginning. Nothing here knows how a fault is made (faults.py) or a call is sent (shoppers.py).
"""
import random

LENGTH_S = 6.0
STORIES = 220
DAEMONS = ("engine", "consumer", "reconciler", "admin")
SERVERS = ("redis", "kafka", "mariadb")
LINKS = [(daemon, server) for daemon in DAEMONS for server in SERVERS if (daemon, server) != ("engine", "mariadb")]
LINK_MODES = ("delay", "late_word", "stall", "stall_up", "stall_down", "cut", "cut_after", "cut_word", "refuse")
STEPS = {
    "engine": ("engine.accepted",), "consumer": ("consumer.committed",),
    "reconciler": ("reconcile.before_settle", "reconcile.settled", "reconcile.before_resend", "reconcile.resent", "reconcile.proven",
                   "reconcile.proven_again", "reconcile.adopted", "reconcile.before_fence", "reconcile.fenced",
                   "reconcile.before_marker", "reconcile.marker_sent", "recover.raised")}

# What may break, how often in relation to the others, and how long it lasts.
FAULTS = {
    "kill": (6, 0.0, 1.0), "freeze": (5, 0.3, 2.5), "term": (2, 0.0, 0.5), "step": (4, 1.0, 3.0),
    "server_kill": (4, 0.0, 1.5), "server_freeze": (4, 0.2, 2.0), "link": (12, 0.3, 2.5),
    "redis_flush": (1, 0.0, 0.0), "redis_rollback": (2, 0.3, 1.5), "redis_full": (2, 0.3, 1.5), "redis_sleep": (1, 0.0, 0.0),
    "redis_scripts": (1, 0.0, 0.0), "redis_disk": (1, 0.2, 1.0),
    "db_readonly": (2, 0.3, 1.5), "db_locks": (2, 0.5, 2.0), "db_deadlocks": (2, 0.5, 1.5), "db_kill": (3, 0.5, 2.0),
    "narrow": (3, 0.3, 9.0), "copies": (3, 0.0, 0.0), "old_copies": (2, 0.0, 0.0), "poison": (1, 0.0, 0.0), "rewind": (2, 0.0, 0.0),
    "clock": (3, 0.5, 3.0), "files": (2, 0.3, 1.5), "second": (3, 0.5, 3.0),
}
# Flavours: what breaks is set, kind by kind, and when; the rest comes from the seed. (kind, earliest, latest, how long, details)
GIVEN_UP = ("narrow", 0.2, 0.3, 6.5, {})
FLAVOURS = {
    "calm": [],
    "lost": [GIVEN_UP],
    "fence": [GIVEN_UP, ("step", 0.0, 0.1, 6.8, {"daemon": "reconciler", "point": "reconcile.before_fence", "times": 1, "freezes": False})],
    "late": [GIVEN_UP, ("old_copies", 2.0, 2.5, 4.5, {})],
    "commit": [("link", 0.3, 0.6, 3.0, {"daemon": "consumer", "server": "mariadb", "mode": "late_word", "delay_s": 0.8, "bytes": 0,
                                        "abort": True})],
    "ahead": [("clock", 0.0, 0.1, 0.7, {"daemon": "redis", "step_s": 3600}), ("redis_rollback", 1.1, 1.4, 0.8, {})],
    "disk": [("db_disk", 0.5, 0.8, 3.0, {})],
    "restart": [("redis_sleep", 0.2, 0.3, 0.0, {}), ("server_kill", 0.6, 1.2, 0.1, {"server": "redis"})],
    "engines": [("engines", 0.0, 0.1, 2.4, {})],
    "failover": [("failover", 0.0, 0.1, 0.3, {})],
    "power": [("power", 0.8, 0.9, 0.8, {})],
    "zombie": [("zombie", 0.5, 0.6, 0.0, {})],
}
FLAVOUR_LENGTH_S, FLAVOUR_STORIES = 3.0, 90
LONGER_S = {"failover": 6.0}  # what takes its time to begin
# To come to rest after the last fault; MariaDB looks once a minute whether its disk has room again.
QUIET_LIMIT_S = {"disk": 150}


def make(seed, flavour=None):
    """flavour None: anything may break."""
    rng = random.Random(f"{seed}/{flavour}")
    length_s, count = (LENGTH_S, STORIES) if flavour is None else (LONGER_S.get(flavour, FLAVOUR_LENGTH_S), FLAVOUR_STORIES)
    skus = [{"units": rng.choice([15, 30, 60]), "limit": rng.choice([1, 2, 3]), "hold_s": 1800},
            {"units": rng.choice([20, 50]), "limit": 4, "hold_s": rng.choice([1, 2, 3])},
            {"units": 500, "limit": rng.choice([2, 5]), "hold_s": 1800}]
    stories = sorted((story(rng, number, skus, length_s) for number in range(count)), key=lambda one: one["at"])
    acts = sorted((office(rng, number, length_s) for number in range(rng.randint(3, 8))), key=lambda one: one["at"])
    return {"seed": seed, "flavour": flavour, "skus": skus, "stories": stories, "office": acts,
            "faults": faults(rng) if flavour is None else planned(rng, FLAVOURS[flavour]),
            "quiet_limit_s": QUIET_LIMIT_S.get(flavour, 60)}


def story(rng, number, skus, length_s):
    """One order and what its buyer does about it afterwards; steps are [pause, what]."""
    sku = rng.choices(range(len(skus)), (5, 3, 4))[0]
    steps = []
    if rng.random() < 0.15:
        steps.append([rng.choice([0.0, 0.0, 0.5, 2.0]), "repeat"])
    if rng.random() < 0.04:
        steps.append([rng.uniform(0, 1), "other"])  # the key once more, with another quantity
    fate = rng.random()
    if fate < 0.3:
        steps.append([rng.uniform(0, 1.5), "pay"])
        if rng.random() < 0.3:
            steps.append([rng.uniform(0, 1), rng.choice(["pay", "pay_again", "cancel"])])
        if rng.random() < 0.3:
            steps += [[rng.uniform(0, 1), "return"]] * rng.choice([1, 1, 2])
    elif fate < 0.5:
        steps += [[rng.uniform(0, 1.5), "cancel"]] * rng.choice([1, 1, 2])
        if rng.random() < 0.3:
            steps.append([rng.uniform(0, 0.5), "pay"])
    elif fate < 0.6:
        steps.append([skus[sku]["hold_s"] % 100 + rng.uniform(-0.3, 0.8), "pay"])  # at the deadline of the short one
    if rng.random() < 0.2:
        steps.insert(rng.randint(0, len(steps)), [rng.uniform(0, 0.5), rng.choice(["get", "wait"])])
    return {"n": number, "at": rng.triangular(0, length_s - 0.5, length_s / 4), "user": f"u{rng.randrange(90)}", "sku": sku,
            "quantity": rng.choice([1, 1, 1, 2, 3]), "patience_s": rng.choice([0.3, 1.0, 2.0, 5.0]), "steps": steps}


def office(rng, number, length_s):
    what = rng.choice(["restock", "adjust", "take", "take"])
    return {"n": number, "at": rng.uniform(0.2, length_s - 0.5), "what": what, "sku": rng.randrange(3),
            "quantity": rng.randint(1, 8), "twice": rng.random() < 0.3}


def planned(rng, plan):
    return [{"n": number, "at": rng.uniform(first, last), "for": long, "kind": kind, "seed": rng.randrange(2**32), **more}
            for number, (kind, first, last, long, more) in enumerate(plan)]


def faults(rng):
    """One to five; each with the random numbers it needs of its own, so that leaving one out changes no other."""
    weights = {kind: weight for kind, (weight, _, _) in FAULTS.items()}
    found = []
    for number in range(rng.choice([1, 1, 2, 2, 3, 5])):
        kind = rng.choices(list(weights), list(weights.values()))[0]
        _, shortest, longest = FAULTS[kind]
        fault = {"n": number, "at": rng.uniform(0.3, LENGTH_S - 2), "for": rng.uniform(shortest, longest), "kind": kind,
                 "seed": rng.randrange(2**32)}
        found.append({**fault, **details(rng, kind)})
    return sorted(found, key=lambda fault: fault["at"])


def details(rng, kind):
    if kind == "link":
        daemon, server = rng.choice(LINKS + [("buyers", "engine")])
        return {"daemon": daemon, "server": server, "mode": rng.choice(LINK_MODES), "delay_s": rng.choice([0.01, 0.1, 0.5]),
                "bytes": rng.choice([1, 100, 1000, 20000]), "abort": rng.random() < 0.5}
    if kind in ("kill", "freeze", "term", "files"):
        return {"daemon": rng.choice(DAEMONS)}
    if kind == "step":
        daemon = rng.choice(["engine", "consumer", "consumer", "reconciler", "reconciler"])
        return {"daemon": daemon, "point": rng.choice(STEPS[daemon]), "times": rng.choice([1, 1, 2, 5]), "freezes": rng.random() < 0.3}
    if kind in ("server_kill", "server_freeze"):
        return {"server": rng.choice(SERVERS)}
    if kind == "clock":
        return {"daemon": rng.choice(DAEMONS + ("redis",)), "step_s": rng.choice([-3600, -30, -2, 2, 30, 3600])}
    if kind == "second":
        return {"daemon": rng.choice(["consumer", "reconciler"]), "ending": rng.choice(["kill", "term"])}
    return {}
