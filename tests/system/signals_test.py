"""SIGTERM at any moment of work, twice, and storms of SIGHUP: the hub ends or goes on as it should, and nothing is lost.

Other than a kill, a stop loses nothing that was taken from a device, unless a disk takes longer for it than there is time.
"""
import signal
import threading
import time
import unittest

import harness
import ordeal

LIMIT_S = 5
SYSTEMD_LIMIT_S = 10  # TimeoutStopSec
STORM_PER_S, STORM_S = 100, 2.5


class Signals(ordeal.Ordeal):
    def setUp(self):
        super().setUp()
        self.way = self.forward()
        self.uplink = f"broker: mqtt://127.0.0.1:{self.way.port}\nretry-max: 10s"
        self.way.open()
        self.pause = threading.Event()  # is never set

    def assert_ends(self, *signals):
        """With status 0, in time, after so many signals in a row."""
        for number in signals[:-1]:
            self.daemon.process.send_signal(number)
            self.daemon.wait_line("stopping")
        status, seconds = self.daemon.stop(signals[-1], limit=30)
        self.assertEqual(status, 0, self.daemon.output()[-3000:])
        self.assertLess(seconds, LIMIT_S)
        self.note_committed()

    def test_sigterm_at_any_moment(self):
        self.start_all()
        self.wait_progress(10)
        for number in range(4):
            self.pause.wait(self.chance.uniform(0, 1.5))  # the moment itself is what is tested
            self.assert_ends(*[signal.SIGTERM] * (1 + number % 2))
            self.start_hub()
        # While what has waited for a broker goes out.
        self.way.close()
        taken = len(self.ledger("taken"))
        self.wait_ledger("taken", taken + 20)
        begin = self.up_to()
        self.way.open()
        self.wait_consumer(lambda: self.up_to() > begin, "the first that has waited")
        self.assert_ends(signal.SIGTERM, signal.SIGINT)
        self.start_hub()
        self.finish("SIGTERM")

    def stop_while_values_wait(self, sync_ms):
        """Behind a write that takes so long. Gives the last words of the hub, and when it was told to stop."""
        fault, self.environment = self.slow_disk()
        self.start_all()
        self.wait_ledger("taken", 1, device="strap")
        fault.write_text(f"sync-takes {sync_ms}")
        taken = sum(entry["device"] == "strap" for entry in self.ledger("taken"))
        self.wait_ledger("taken", taken + 16, device="strap")
        told_s = time.time()
        status, seconds = self.daemon.stop(limit=30)
        self.assertEqual(status, 0, self.daemon.output()[-3000:])
        self.assertLess(seconds, SYSTEMD_LIMIT_S)
        fault.unlink()
        self.note_committed()
        return self.daemon.output(), told_s

    def slow_disk(self):
        fault = self.folder / "disk-fault"
        return fault, {**self.preloading("libdisk_faults.so"), "DISK_FAULTS": str(fault)}

    def test_sigterm_while_values_wait_for_a_slow_disk(self):
        """The next write takes all of them."""
        said, _ = self.stop_while_values_wait(500)
        self.assertNotIn("values of devices are lost", said)
        self.start_hub()
        self.finish("SIGTERM and a slow disk")

    def test_sigterm_while_values_wait_for_a_disk_that_is_too_slow(self):
        said, told_s = self.stop_while_values_wait(4000)
        self.lives[-1].lost_s += [told_s, time.time()]  # what was not committed is lost, and the log alone can tell it
        self.uncommitted_s = SYSTEMD_LIMIT_S + 4
        self.assertRegex(said, r"[1-9]\d* values of devices are (lost: the disk|being written: lost if)")
        self.start_hub()
        self.finish("SIGTERM and a disk that is too slow")

    def storm(self, more=0):
        """Until so many records more have come meanwhile, and so long at least. Gives how long it was."""
        begin_s, begin = time.monotonic(), self.up_to()
        while time.monotonic() - begin_s < STORM_S or self.up_to() < begin + more:
            self.assertLess(time.monotonic() - begin_s, harness.PATIENCE, "meanwhile readings are taken and sent")
            self.daemon.process.send_signal(signal.SIGHUP)
            self.pause.wait(1 / STORM_PER_S)
        return time.monotonic() - begin_s

    def test_storms_of_sighup(self):
        self.start_all()
        self.wait_progress(20)
        path = self.folder / "vitalgate.yaml"
        good = path.read_text()
        stormy_s = self.storm()
        self.daemon.wait_line("the configuration has not changed")
        path.write_text(good + "# another line\n")
        stormy_s += self.storm()
        self.daemon.wait_line("a changed configuration is read at the next start")
        path.write_text(good.replace("cuff: {", "cuff: {adress: 1, "))
        stormy_s += self.storm()
        line = 1 + good[:good.index("cuff: {")].count("\n")
        self.daemon.wait_line(f"{path}:{line}:")
        self.daemon.wait_line("the configuration in use stays as it is")
        path.unlink()
        stormy_s += self.storm(more=20)
        self.daemon.wait_line(f"{path}: ")
        said = [text for text in self.daemon.lines.snapshot() if "configuration" in text]
        self.assertLess(len(said), 4 * stormy_s, "one look a second, however many signals")
        path.write_text(good)
        self.finish("SIGHUP")


if __name__ == "__main__":
    unittest.main()
