"""What the hub needs of the machine goes: descriptors, the reader of its log, the folder of its state. Nothing is lost silently."""
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

INVALID_CONFIGURATION, CANNOT_START, MUST_RESTART = 1, 3, 4  # exit status
# The sanitizers need descriptors of their own, and end the process without them.
IS_SANITIZED = os.environ.get("VITALGATE_SOAK") != "1"


class Resources(ordeal.Ordeal):
    def test_nobody_reads_the_log(self):
        """A full pipe holds up nothing, nor does one without an end; how much was left out is told."""
        self.start_consumer()
        self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
        path = self.folder / "vitalgate.yaml"
        path.write_text(self.configuration(self.configured, self.uplink) + "log: {level: debug}\n")
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
        shutil.rmtree(self.folder / "state")
        removed = time.monotonic()
        self.assertEqual(self.daemon.wait_end(), MUST_RESTART)
        self.kills_s.append(time.time())
        self.assertLess(time.monotonic() - removed, 30)  # ten seconds, on a machine with nothing else to do
        self.assertIn("was removed or replaced while it was in use", self.daemon.output())
        # Without its key the hub would give other ids to what it reads again.
        (self.folder / "state").mkdir(mode=0o700)
        keys.rename(self.folder / "state" / "keys")
        self.start_hub()
        self.assertEqual(len(list((self.folder / "state").glob("store.db"))), 1)
        self.finish("the state is removed")

    def test_few_descriptors(self):
        """Each number of them: it serves, or says in a sentence why it cannot; and later it waits for more, and turns no wheels."""
        if IS_SANITIZED:
            self.skipTest("the sanitizers need descriptors of their own: tests/run soak")
        self.start_all(10)
        self.assertEqual(self.daemon.stop()[0], 0)
        begin_s = resource.getrusage(resource.RUSAGE_CHILDREN)
        for number in range(4, 25):
            with self.subTest(number=number):
                self.start_with(number)
        end_s = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(end_s.ru_utime - begin_s.ru_utime, 21 * 0.5)
        self.start_hub()
        self.wait_progress(10)
        self.run_out()
        self.finish("few descriptors")

    def start_with(self, number):
        hub = self.start("vitalgated", ["prlimit", f"--nofile={number}", harness.BIN / "vitalgated", "--config",
                                        self.folder / "vitalgate.yaml", "--state", self.folder / "state"])
        hub.lines.wait(lambda lines: hub.lines.ended or any("ready in" in line for line in lines), "ready, or the end")
        if any("ready in" in line for line in hub.lines.snapshot()):
            self.assertEqual(hub.stop()[0], 0, hub.output())
        else:
            self.assertIn(hub.wait_end(), (INVALID_CONFIGURATION, CANNOT_START), hub.output())
            self.assertIn("Too many open files", hub.output())

    def run_out(self):
        """Nothing new can be opened, and the connection to the broker is lost."""
        pid = self.daemon.process.pid
        open_now = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
        subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={open_now}:4096"], check=True)
        self.broker.stop(signal.SIGKILL)
        self.programs.remove(self.broker)
        self.daemon.wait_line("connection lost")
        before_s = self.cpu_s(pid)
        self.broker = self.start_broker()
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
