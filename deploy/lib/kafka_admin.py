"""Asks a Kafka broker for its metadata and creates topics, without starting a JVM.

Speaks just enough of the protocol: Metadata v1 and CreateTopics v2, the oldest versions that Kafka 4 still answers.
    kafka_admin.py ready HOST:PORT NODE                     is this node up, and in sync with its leaders?
    kafka_admin.py create HOST:PORT[,…] --brokers N TOPIC PARTITIONS [name=value…]     an existing topic is fine
Exit code 1 with one line saying why not.
"""
import argparse
import socket
import struct
import sys
import time

METADATA, CREATE_TOPICS = 3, 19
TOPIC_ALREADY_EXISTS = 36
# A busy machine's broker has not told the controller of itself in time, or the controller is another: it passes.
REQUEST_TIMED_OUT, INVALID_REPLICATION_FACTOR, NOT_CONTROLLER = PASSING = 7, 38, 41


class NotReady(Exception):
    pass


class Refused(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, code):
        value = struct.unpack_from(">" + code, self.data, self.at)[0]
        self.at += struct.calcsize(">" + code)
        return value

    def string(self):
        length = self.number("h")
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def array(self, item):
        return [item() for _ in range(self.number("i"))]


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


def receive(sock, length):
    data = b""
    while len(data) < length:
        chunk = sock.recv(length - len(data))
        if not chunk:
            raise NotReady("the broker closed the connection")
        data += chunk
    return data


def call(address, api, version, body, timeout=5.0):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout) as sock:
        request = struct.pack(">hhi", api, version, 1) + string("flash-local") + body
        sock.sendall(struct.pack(">i", len(request)) + request)
        length = struct.unpack(">i", receive(sock, 4))[0]
        return Reader(receive(sock, length)[4:])


def metadata(address):
    """Returns ({node: "host:port"}, [(topic, partition, error, leader, replicas, in_sync)]) of all topics."""
    reply = call(address, METADATA, 1, struct.pack(">i", -1))

    def broker():
        node, host, port = reply.number("i"), reply.string(), reply.number("i")
        reply.string()  # rack
        return node, f"{host}:{port}"

    def partition():
        error, number, leader = reply.number("h"), reply.number("i"), reply.number("i")
        return number, error, leader, reply.array(lambda: reply.number("i")), reply.array(
            lambda: reply.number("i"))

    def topic():
        reply.number("h")
        name = reply.string()
        reply.number("b")
        return [(name, *entry) for entry in reply.array(partition)]

    brokers = dict(reply.array(broker))
    reply.number("i")  # controller
    return brokers, sum(reply.array(topic), [])


def ready(address, node):
    brokers, partitions = metadata(address)
    if node not in brokers:
        raise NotReady("not registered with the cluster yet")
    for name, number, _, leader, replicas, in_sync in partitions:
        if leader < 0:
            raise NotReady(f"{name}/{number} has no leader")
        if node in replicas and node not in in_sync:
            raise NotReady(f"{name}/{number} is catching up")


def create(addresses, brokers, topic, partitions, config):
    body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihi", partitions, brokers, 0)
    body += struct.pack(">i", len(config))
    for pair in config:
        name, value = pair.split("=", 1)
        body += string(name) + string(value)
    body += struct.pack(">i?", 10000, False)
    reply = call(addresses[0], CREATE_TOPICS, 2, body, 15.0)
    reply.number("i")  # throttle
    for name, error, text in reply.array(
            lambda: (reply.string(), reply.number("h"), reply.string())):
        if error not in (0, TOPIC_ALREADY_EXISTS):
            raise (NotReady if error in PASSING else Refused)(f"cannot create {name}: error {error} {text or ''}")
    return True


def has_leaders(address, topic, partitions):
    _, found = metadata(address)
    return sum(1 for entry in found if entry[0] == topic and entry[3] >= 0) >= partitions


def until(seconds, condition, what):
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (NotReady, OSError) as error:
            what = str(error) or what
        if time.monotonic() > end:
            raise NotReady(what)
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("ready")
    verb.add_argument("address")
    verb.add_argument("node", type=int)
    verb = verbs.add_parser("create")
    verb.add_argument("addresses", type=lambda text: text.split(","))
    verb.add_argument("--brokers", type=int, required=True)
    verb.add_argument("topic")
    verb.add_argument("partitions", type=int)
    verb.add_argument("config", nargs="*")
    args = parser.parse_args()
    try:
        if args.verb == "ready":
            ready(args.address, args.node)
            return
        until(60, lambda: all(len(metadata(address)[0]) >= args.brokers for address in args.addresses),
              "not all brokers are in the cluster")
        until(60, lambda: create(args.addresses, args.brokers, args.topic, args.partitions, args.config), "no answer")
        until(60, lambda: all(has_leaders(address, args.topic, args.partitions)
                              for address in args.addresses), f"{args.topic} got no leaders")
    except (NotReady, Refused, OSError, struct.error) as error:
        sys.exit(str(error) or "no answer")


if __name__ == "__main__":
    main()
