"""Ports for servers that deploy/local knows nothing of."""
import random
import socket

FIRST, LAST = 10000, 19999  # below those of deploy/local, and below the kernel's for outgoing connections


def free_port():
    """One nobody listens at, and that no connection is given by chance before its server binds it."""
    while True:
        port = random.SystemRandom().randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # taken
