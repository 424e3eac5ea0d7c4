"""A replica of Redis that falls behind, becomes the master in its place, and gives way to the old one again."""
import subprocess
import time

import redis

from ports import free_port

PATIENCE_S = 90.0


class Replica:
    """One, of the stack's Redis, behind a link of its own."""

    def __init__(self, rig):
        self.rig, self.port, folder = rig, free_port(), rig.folder / "replica"
        folder.mkdir(exist_ok=True)
        self.master_port = int(rig.stack.env["FLASH_REDIS_PORT"])
        self.link = rig.network.link("replica", "redis", self.master_port)
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no",
             "--aclfile", rig.stack.folder / "redis" / "users.acl", "--replicaof", f"127.0.0.1 {self.link.port}"],
            env=rig.stack.daemon_env(**rig.clock_env("redis")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rig.replicas.append(self.process)
        self.wait(lambda: self.follows(self.client(self.port)), "the replica does not follow")

    def client(self, port):
        return redis.Redis(port=port, decode_responses=True, socket_timeout=5)

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                if condition():
                    return
            except redis.RedisError:
                pass
            assert time.monotonic() < end, what
            time.sleep(0.05)

    @staticmethod
    def follows(client):
        return client.info("replication").get("master_link_status") == "up"

    def switch(self, port):
        """Everybody goes to the server at this port; who was connected is cut off."""
        for (_, server), link in self.rig.network.links.items():
            if server == "redis" and link is not self.link:
                link.targets[:] = [port]
                link.set("cut")
        self.rig.stack.env["FLASH_REDIS_PORT"] = str(port)

    def take_over(self):
        """What the link holds back is lost."""
        self.client(self.port).execute_command("REPLICAOF", "NO", "ONE")
        self.switch(self.port)
        self.link.heal(abort=True)

    def is_sold_at(self, skus):
        """Whether the gates of all of them are open at this server."""
        client = self.client(self.port)
        run_id = client.info("server")["run_id"]
        return all((client.hget(f"flash:{{{sku}}}:stock", "gate") or "").endswith(f":{run_id}") for sku in skus)

    def give_way(self):
        """The old master takes over what the replica has, and its place."""
        old = self.client(self.master_port)
        old.execute_command("REPLICAOF", "127.0.0.1", self.port)
        self.wait(lambda: self.follows(old), "the old master does not follow")
        old.execute_command("REPLICAOF", "NO", "ONE")
        self.switch(self.master_port)
        self.process.kill()
        self.process.wait()
