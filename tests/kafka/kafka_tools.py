"""The two C tools as Python objects: Producer (flash_kafka_produce) and Consumer (flash_kafka_consume)."""
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

TOOLS = pathlib.Path(os.environ["FLASH_BUILD"]) / "tests" / "kafka"
PATIENCE_S = 60


class Producer:
    """Sends in the background; progress() waits for a report, result() for the end."""

    def __init__(self, brokers, topic, count, size=256, rate=0):
        self.process = subprocess.Popen(
            [str(TOOLS / "flash_kafka_produce"), brokers, topic, str(count), str(size), str(rate)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def progress(self, wanted):
        """The first report from now on for which wanted(report) holds."""
        for line in self.process.stdout:
            report = json.loads(line)
            if wanted(report):
                return report
        raise AssertionError(f"flash_kafka_produce ended with {self.process.wait()} too early")

    def result(self):
        report = self.progress(lambda report: report["done"])
        assert self.process.wait(PATIENCE_S) == 0
        return report

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Consumer:
    """What it said, word by word, is in lines; messages are apart: (partition, offset, n, key), numbers the n of all."""

    def __init__(self, brokers, topic, group, commands=()):
        self.lines, self.messages, self.numbers, self.arrived = [], [], set(), queue.Queue()
        self.process = subprocess.Popen([str(TOOLS / "flash_kafka_consume"), brokers, topic, group],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.tell(*commands, "start")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if line.endswith("\n"):  # else it was killed within the line
                self.arrived.put(line.split())
        self.arrived.put(None)

    def tell(self, *commands):
        self.process.stdin.write("".join(command + "\n" for command in commands))
        self.process.stdin.flush()

    def _take(self, words):
        if words[0] == "message":
            self.messages.append((int(words[1]), int(words[2]), int(words[3]), words[4]))
            self.numbers.add(int(words[3]))
        else:
            self.lines.append(words)

    def until(self, reached, seconds=PATIENCE_S):
        """Takes in what it says until reached() holds."""
        deadline = time.monotonic() + seconds
        while not reached():
            try:
                words = self.arrived.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not reached; said {self.lines[-20:]}, {len(self.messages)} messages") from None
            assert words is not None, f"it ended; said {self.lines[-20:]}"
            self._take(words)

    def said(self, *start):
        """All lines that start with these words, after their first."""
        wanted = [str(word) for word in start]
        return [words[1:] for words in self.lines if words[:len(wanted)] == wanted]

    def until_said(self, *start, times=1):
        self.until(lambda: len(self.said(*start)) >= times)
        return self.said(*start)

    def forget(self):
        """Empties all three, so that the next until sees only what comes."""
        self.lines.clear()
        self.messages.clear()
        self.numbers.clear()

    def quit(self):
        """Lets it leave the group; returns how long that took, in seconds."""
        start = time.monotonic()
        self.tell("quit")
        self.process.stdin.close()
        assert self.process.wait(PATIENCE_S) == 0
        seconds = time.monotonic() - start
        self.stop()
        return seconds

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE_S)
        while not self.arrived.empty():
            words = self.arrived.get()
            if words is not None:
                self._take(words)
        for stream in (self.process.stdin, self.process.stdout):
            if not stream.closed:
                stream.close()
