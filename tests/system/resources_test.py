"""What the hub needs of the machine goes: descriptors, memory, the reader of its log, the folder of its state. Nothing is lost silently."""
import collections
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time
import unittest

import harness
import ordeal
from vitalgate.v1 import vocabulary_pb2

INVALID_CONFIGURATION, CANNOT_START, MUST_RESTART = 1, 3, 4  # exit status
# The sanitizers need descriptors of their own, and end the process without them.
IS_SANITIZED = os.environ.get("VITALGATE_SOAK") != "1"
# How many fail; of all, or of a library that tells of it in its own way; and their numbers in the life of the process: of the
# start, of what follows. Before the first of them nothing is ours yet.
ALLOCATIONS = 90
ALLOCATION_NUMBERS = (("", 6000, 15_000), ("", 15_000, 60_000), ("libsqlite3", 1, 2500), ("libsystemd", 1, 1000))
AFTER_S = 6  # a device that has records left comes back with its next measurement alone


class Resources(ordeal.Ordeal):
    def test_nobody_reads_the_log(self):
        """A full pipe holds up nothing, nor does one without an end; how much was left out is told."""
        self.start_consumer()
        self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
        path = self.folder / "vitalgate.yaml"
        path.write_text(self.configuration(self.configured, self.uplink))
        (self.folder / "state").mkdir(mode=0o700)
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        daemon = subprocess.Popen([harness.BIN / "vitalgated", "--config", path, "--state", self.folder / "state"],
                                  stdout=writing, stderr=writing)
        self.addCleanup(daemon.kill)
        os.close(writing)
        self.start_measuring(16)  # more than all that follows takes
        self.wait_consumer(lambda: self.up_to() > 30, "what is measured meanwhile")
        text = b""
        while b"lines were left out here: nobody read them" not in text:
            more = os.read(reading, 4096)
            self.assertTrue(more, text)
            text += more
        os.close(reading)
        self.wait_progress(20)
        daemon.terminate()
        self.assertEqual(daemon.wait(harness.PATIENCE), 0)
        self.note_committed()
        self.start_hub()
        self.finish("a log that nobody reads")

    def test_the_state_is_removed(self):
        """Nothing is taken for stored that no start will find: the process ends, and a new one begins anew."""
        self.start_all(5)
        self.wait_progress(30)
        keys = shutil.copytree(self.folder / "state" / "keys", self.folder / "keys")
        # What the hub has and the broker has not goes with the file.
        until_s = self.lives[-1].store_gone_s = time.time()
        self.wait_consumer(lambda: all(one.taken_s[0] >= until_s for one in self.checked().lost if one.taken_s), "what was taken")
        shutil.rmtree(self.folder / "state")
        removed = time.monotonic()
        self.assertEqual(self.daemon.wait_end(), MUST_RESTART)
        self.note_kill()
        self.assertLess(time.monotonic() - removed, 30)  # ten seconds, on a machine with nothing else to do
        self.assertIn("was removed or replaced while it was in use", self.daemon.output())
        # Without its key the hub would give other ids to what it reads again.
        (self.folder / "state").mkdir(mode=0o700)
        keys.rename(self.folder / "state" / "keys")
        self.start_hub()
        self.assertEqual(len(list((self.folder / "state").glob("store.db"))), 1)
        self.finish("the state is removed")
        kinds = [event.store.kind for event in self.events_of("store")]
        self.assertEqual(kinds.count(vocabulary_pb2.STORE_STREAM_STARTED), 2, "a stream for each store")

    def test_few_descriptors(self):
        """Each number of them: it serves, or says in a sentence why it cannot; and later it waits for more, and turns no wheels."""
        if IS_SANITIZED:
            self.skipTest("the sanitizers need descriptors of their own: tests/run soak")
        way = self.forward()
        way.open()
        self.uplink = self.uplink.replace(str(self.port), str(way.port))
        self.start_consumer()
        self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
        self.start_hub()
        self.assertEqual(self.daemon.stop()[0], 0)
        begin_s = resource.getrusage(resource.RUSAGE_CHILDREN)
        for number in range(4, 25):
            with self.subTest(number=number):
                self.start_with(number)
        end_s = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(end_s.ru_utime - begin_s.ru_utime, 21 * 0.5)
        self.start_hub()
        self.start_measuring(12)
        self.wait_progress(10)
        self.run_out(way)
        self.finish("few descriptors")

    def test_an_allocation_fails(self):
        """At any moment, the start included: it ends with a sentence, or goes on, and nothing that it had accepted is lost.

        The MQTT library does not look whether it got what it asked for: there the process may crash."""
        if IS_SANITIZED:
            self.skipTest("the sanitizers have allocations of their own: tests/run soak")
        statuses = collections.Counter()

        def house(lives):
            self.start_consumer()
            self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
            self.start_measuring(lives * 1.2 + AFTER_S)
            for number in self.while_measured(lives, AFTER_S):
                library, first, last = self.chance.choice(ALLOCATION_NUMBERS)
                self.environment = {**self.preloading("libfailing_allocation.so"), "FAILING_ALLOCATION_OF": library,
                                    "FAILING_ALLOCATION": str(self.chance.randint(first, last))}
                self.start_hub(wait=False)
                statuses[self.end_after_failure()] += 1
                self.note_kill()
                self.note_committed()
            self.environment = None
            self.start_hub()
            self.finish("allocations that fail")
            return number
        self.in_houses(ALLOCATIONS, house)
        print(f"\nstatus after an allocation has failed: {dict(statuses)}", flush=True)
        self.assertLessEqual(set(statuses), {"goes on", CANNOT_START, MUST_RESTART, -signal.SIGSEGV})
        self.assertGreater(statuses[MUST_RESTART], ALLOCATIONS / 4)

    def end_after_failure(self):
        """The status, or that it goes on: then it is killed."""
        failed = self.daemon.wait_line("failing_allocation: it has failed")
        try:
            status = self.daemon.wait_end(2)
        except subprocess.TimeoutExpired:
            self.kill(self.daemon)
            return "goes on"
        self.programs.remove(self.daemon)
        if status == -signal.SIGSEGV:
            self.assertIn("/libpaho-mqtt", failed, self.daemon.output())
        else:
            self.assertIn("memory", self.daemon.output())
        return status

    def start_with(self, number):
        hub = self.start("vitalgated", ["prlimit", f"--nofile={number}", harness.BIN / "vitalgated", "--config",
                                        self.folder / "vitalgate.yaml", "--state", self.folder / "state"])
        hub.lines.wait(lambda lines: hub.lines.ended or any("ready in" in line for line in lines), "ready, or the end")
        if any("ready in" in line for line in hub.lines.snapshot()):
            self.assertEqual(hub.stop()[0], 0, hub.output())
        else:
            self.assertIn(hub.wait_end(), (INVALID_CONFIGURATION, CANNOT_START), hub.output())
            self.assertIn("Too many open files", hub.output())

    def run_out(self, way):
        """Nothing new can be opened, and the connection to the broker is lost."""
        pid = self.daemon.process.pid
        open_now = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
        subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={open_now}:4096"], check=True)
        way.close()
        self.daemon.wait_line("connection lost")
        before_s = self.cpu_s(pid)
        way.open()
        taken = len(self.ledger("taken"))
        self.wait_ledger("taken", taken + 10)
        self.assertLess(self.cpu_s(pid) - before_s, 1)
        subprocess.run(["prlimit", f"--pid={pid}", "--nofile=512:4096"], check=True)

    @staticmethod
    def cpu_s(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    unittest.main()
