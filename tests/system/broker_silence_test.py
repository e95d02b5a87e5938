"""A line that falls silent without an end of the connection: noticed in time, and nothing is lost."""
import os
import subprocess
import threading
import time
import unittest

import harness
import outage_test

KEEP_ALIVE_S = 10  # the shortest that can be configured
LIMIT_S = 1.5 * KEEP_ALIVE_S + 5


class StallingWay(harness.Forwarder):
    """A way to the broker on which nothing moves any more, in neither direction, until it is released."""

    enter = []

    def __init__(self, target):
        super().__init__(target)
        self.moving = threading.Event()
        self.moving.set()

    def address(self):
        return f"127.0.0.1:{self.port}"

    def stall(self):
        self.moving.clear()

    def release(self):
        self.moving.set()

    def close(self):
        self.release()
        super().close()

    def _copy(self, source, sink):
        try:
            while data := source.recv(65536):
                self.moving.wait()
                sink.sendall(data)
        except OSError:
            pass
        self.moving.wait()  # the end of a connection does not get through either
        for end in (source, sink):
            end.close()


class NetworkOfItsOwn:
    """A network namespace for the hub, with a cable to the broker on which both kernels lose every packet."""

    def __init__(self, port):
        self.port = port
        number = os.getpid() & 0x3FFF
        net = f"10.231.{number >> 6}."
        self.near, self.far = net + str((number & 63) * 4 + 1), net + str((number & 63) * 4 + 2)
        self.interface = f"vg{number}a"
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo made; exec cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.enter = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def open(self):
        peer = self.interface[:-1] + "b"
        if not self.holder.stdout.readline():
            raise PermissionError("no network namespace")
        self._ip("link", "add", self.interface, "type", "veth", "peer", "name", peer, "netns", str(self.holder.pid))
        self._ip("address", "add", f"{self.near}/30", "dev", self.interface)
        self._ip("link", "set", self.interface, "up")
        self._ip("address", "add", f"{self.far}/30", "dev", peer, inside=True)
        for name in (peer, "lo"):
            self._ip("link", "set", name, "up", inside=True)

    def address(self):
        return f"{self.near}:{self.port}"

    def stall(self):
        """Frames go to a station that there is not: to each kernel the other has gone without a word."""
        for other, inside in ((self.near, True), (self.far, False)):
            self._ip("neighbour", "replace", other, "lladdr", "02:00:00:00:00:01", "nud", "permanent",
                     "dev", self._interface(inside), inside=inside)

    def release(self):
        for other, inside in ((self.near, True), (self.far, False)):
            self._ip("neighbour", "del", other, "dev", self._interface(inside), inside=inside)

    def close(self):
        """The cable goes with the namespace."""
        self.holder.communicate(timeout=harness.PATIENCE)

    def _interface(self, inside):
        return self.interface[:-1] + "b" if inside else self.interface

    def _ip(self, *command, inside=False):
        subprocess.run([*(self.enter if inside else []), "ip", *command], check=True, capture_output=True)


def line_that_falls_silent(test):
    """Of the kernel where that is permitted, else a proxy; open."""
    try:
        line = NetworkOfItsOwn(test.port)
        test.addCleanup(line.close)
        line.open()
        return line
    except (OSError, subprocess.SubprocessError):
        line = StallingWay(test.port)
        test.addCleanup(line.close)
        line.open()
        return line


class Silence(outage_test.Journey):
    def setUp(self):
        super().setUp()
        self.line = line_that_falls_silent(self)

    def start(self, name, command, **more):
        return super().start(name, [*(self.line.enter if name == "vitalgated" else []), *command], **more)

    def start_broker(self):
        more = f"listener {self.port} {self.line.near}\n" if isinstance(self.line, NetworkOfItsOwn) else ""
        return super().start_broker("allow_anonymous true\n" + more)

    def start_hub(self):
        return self.start_daemon(self.configuration(
            harness.CUFF, f"broker: mqtt://{self.line.address()}\nallow-plaintext: true\nkeep-alive: {KEEP_ALIVE_S}s"))

    def test_noticed_in_time_and_nothing_is_lost(self):
        self.start_broker()
        subscriber = self.subscribe()
        daemon = self.start_hub()
        self.start_simulator(outage_test.SCENARIO)
        subscriber.wait_readings(5)
        begin = time.monotonic()
        self.line.stall()
        daemon.wait_line("connection lost")
        noticed_s = time.monotonic() - begin
        self.assertLess(noticed_s, LIMIT_S)
        self.assertGreater(noticed_s, 1, "the line was cut, it did not fall silent")
        self.wait_ledger("taken", outage_test.COUNT)
        self.assertLess(len(subscriber.records()), outage_test.COUNT)
        self.line.release()
        self.assert_all_arrived(subscriber)


if __name__ == "__main__":
    unittest.main()
