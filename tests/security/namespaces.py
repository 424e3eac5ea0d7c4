"""A shop's host and its clients' networks, as network namespaces: other addresses, and what they can reach.

    with network(2) as (shop, one, other):
        with shop.inside(): …                  what is started here is on the shop's host
        one.connect(port)                      from the first of one's addresses to HOST
        other.connect(port, 7)                 from the eighth of the other's
"""
import contextlib
import ctypes
import os
import socket
import subprocess

import pytest

HOST = "198.18.0.1"  # of the range for tests of networks (RFC 2544); nobody outside the namespaces sees it
ADDRESSES = 64
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words, text=None):
    subprocess.run(["ip", *words], input=text, check=True, capture_output=True, text=True)


class Namespace:
    def __init__(self, number):
        self.name, self.number = f"flash-{os.getpid()}-{number}", number

    def address(self, index):
        return f"198.18.{self.number}.{index + 10}"

    @contextlib.contextmanager
    def inside(self):
        """This thread's new sockets and processes are the namespace's; they stay so afterwards."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self.name}", "rb") as there:
            assert LIBC.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert LIBC.setns(home.fileno(), CLONE_NEWNET) == 0

    def connect(self, port, index=0, timeout=20):
        with self.inside():
            return socket.create_connection((HOST, port), timeout=timeout, source_address=(self.address(index), 0))


def lay(shop, client):
    """A cable from the shop to a client, and the client's addresses."""
    cable, near = f"cable{client.number}", f"198.18.{client.number}.1"
    ip("link", "add", cable, "netns", shop.name, "type", "veth", "peer", "name", "cable", "netns", client.name)
    ip("-n", shop.name, "-batch", "-", text=f"addr add {near}/24 dev {cable}\nlink set {cable} up\n")
    addresses = "".join(f"addr add {client.address(index)}/24 dev cable\n" for index in range(ADDRESSES))
    ip("-n", client.name, "-batch", "-", text=f"{addresses}link set cable up\nroute add default via {near}\n")


@contextlib.contextmanager
def network(clients):
    """The shop's namespace and those of its clients; skips the test where there are none to be had."""
    spaces = [Namespace(number) for number in range(clients + 1)]
    try:
        try:
            for space in spaces:
                ip("netns", "add", space.name)
            ip("-n", spaces[0].name, "-batch", "-", text=f"link set lo up\naddr add {HOST}/32 dev lo\n")
            for client in spaces[1:]:
                lay(spaces[0], client)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no network namespaces: {error} {getattr(error, 'stderr', '')}")
        yield spaces
    finally:
        for space in spaces:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                ip("netns", "del", space.name)
