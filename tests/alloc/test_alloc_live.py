"""flash-consumer itself, on real servers, while its memory runs out one call at a time (each.c): its own places, the adapters'
among them, and those of the JSON library. Every message is applied once all the same, nothing good becomes a dead letter, the
process lives on, and the books are proven from outside."""
import contextlib
import os
import pathlib
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from daemons import BUILD, running, until  # noqa: E402
from stack import ROOT, Stack  # noqa: E402
from test_admin import WINDOW  # noqa: E402
from topic import Topic  # noqa: E402

SKU = 8001
ROUNDS = int(os.environ.get("FLASH_ALLOC_ROUNDS", "6"))
OF = "libjansson"  # librdkafka, hiredis and libmariadb end the process themselves: then systemd starts it again


class Control:
    """The file that each.c maps."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(4096))

    def round(self, number):
        with self.path.open("r+b") as file:
            file.write(struct.pack("<Q", number))

    def failed(self):
        return struct.unpack_from("<Q", self.path.read_bytes(), 8)[0]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("alloc") / "stack") as private:
        private.migrate("up")
        yield private


class Shop:
    def __init__(self, stack, engine, admin, consumer):
        self.stack, self.engine, self.admin, self.consumer, self.topic, self.accepted = stack, engine, admin, consumer, Topic(stack), []
        assert admin.ask("POST", "/inventory", {"product_id": str(SKU), "quantity": 1000})[0] == 201
        assert admin.ask("PUT", f"/v1/sales/{SKU}", {**WINDOW, "per_user_limit": 9})[0] == 201

    def why(self):
        return self.consumer.process.poll(), self.consumer.lines[-24:]

    def order(self, user):
        until(self.engine.is_ready, self.engine.troubles)
        status, _, answer = self.engine.ask("POST", "/v1/orders", {"sku": str(SKU), "quantity": 1},
                                            {"X-User-Id": user, "Idempotency-Key": "k"})
        assert status == 202, answer
        self.accepted.append(("accepted", answer["order_id"], user, 1, "k"))
        return answer["order_id"]

    def move(self, order_id, user, verb):
        """Asked again until there is an answer: Redis was cut off from the engine, too."""
        def is_answered():
            status, _, answer = self.engine.ask("POST", f"/v1/orders/{order_id}/{verb}", {"payment_id": "p"} if verb == "pay" else None,
                                                {"X-User-Id": user}, internal=verb == "pay")
            assert status in (200, 202, 503), answer
            return status != 503
        until(is_answered, f"no answer to {verb}")
        self.accepted.append(({"pay": "paid", "cancel": "cancelled"}[verb], order_id, user, 1, "p"))

    def state(self, order_id, user):
        return self.engine.ask("GET", f"/v1/orders/{order_id}", headers={"X-User-Id": user})[2].get("status")

    def send_again(self):
        """Copies of the last entries, and something that is none."""
        partition = self.stack.query("SELECT partition_no FROM verdict WHERE sku = %s LIMIT 1", SKU)[0][0]
        copies = [message.value for message in self.topic.messages(partition)][-3:]
        self.topic.put(partition, str(SKU).encode(), [*copies, b"no entry"])

    def is_settled(self):
        (applied, acked), = self.stack.query("SELECT SUM(applied), SUM(acked) FROM consumer_progress")
        return applied == acked and not self.stack.redis().xlen(f"flash:{{{SKU}}}:journal")

    def cut(self):
        """All connections of the consumer end: what makes them anew is tried without memory too."""
        with self.stack.mysql(user="root") as connection, connection.cursor() as cursor:
            cursor.execute("KILL USER flash_consumer")
        for client in self.stack.redis().client_list():
            if client["cmd"] != "client|list":
                self.stack.redis().client_kill_filter(_id=client["id"])


def play(shop, number):
    """Every kind of entry once, and one that is none: all have ended when it returns."""
    users = {verb: f"u-{verb}-{number}" for verb in ("keep", "pay", "cancel")}
    orders = {verb: shop.order(user) for verb, user in users.items()}
    until(lambda: all(shop.state(orders[verb], users[verb]) == "CREATED" for verb in users), shop.why, 60)
    shop.cut()
    for verb in ("pay", "cancel"):
        shop.move(orders[verb], users[verb], verb)
    ends = {"keep": "CREATED", "pay": "PAID", "cancel": "CANCELLED"}
    until(shop.engine.is_ready, shop.engine.troubles)
    until(lambda: all(shop.state(orders[verb], users[verb]) == ends[verb] for verb in users), shop.why, 60)
    take = {"product_id": str(SKU), "delta": -1, "reason": "rain", "reference": f"r-{number}"}
    until(lambda: shop.admin.ask("POST", "/inventory/adjust", take)[0] == 200, "the take has no row", 60)
    shop.send_again()
    until(lambda: len(shop.stack.query("SELECT 1 FROM dead_letter WHERE value = 'no entry'")) >= number, "no dead letter", 60)
    until(shop.is_settled, shop.why, 60)


def test_each_allocation_of_the_consumer_fails(stack, tmp_path):
    control = Control(tmp_path / "control")
    preload = {"LD_PRELOAD": BUILD / "tests" / "alloc" / "libflash_each.so", "FLASH_ALLOC_FILE": control.path, "FLASH_ALLOC_OF": OF}
    with contextlib.ExitStack() as daemons:
        stack.kill("redis")  # so that the consumer's first connection to it is made in the first round
        consumer = daemons.enter_context(running(stack, "consumer", ready=False, **preload))
        control.round(1)
        stack.restart("redis")
        admin, engine = (daemons.enter_context(running(stack, name)) for name in ("admin", "engine"))
        daemons.enter_context(running(stack, "reconciler", "run"))
        shop, seen = Shop(stack, engine, admin, consumer), []
        for number in range(1, ROUNDS + 1):
            control.round(number)
            play(shop, number)
            control.round(0)
            seen.append(control.failed())
        print(f"{seen} allocations had failed by the end of each round")
        assert seen[0] > 3 and all(later > earlier for earlier, later in zip(seen, seen[1:]))
        assert {value for value, in stack.query("SELECT value FROM dead_letter")} == {b"no entry"}
        prove(stack, shop, tmp_path / "accepted.tsv")
        assert consumer.process.poll() is None and consumer.stop() == 0, consumer.lines[-5:]


def prove(stack, shop, path):
    with stack.mysql(user="root") as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM dead_letter")  # those were meant to be there
    rows = [("outcome", "order_id", "user", "quantity", "key"), *shop.accepted]
    path.write_text("".join("\t".join(map(str, row)) + "\t-\n" for row in rows))
    done = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(SKU), "--accepted", path, "--wait", "30"], env=stack.daemon_env(), capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0 and "proven" in done.stdout, done.stdout + done.stderr
