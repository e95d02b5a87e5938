"""The hub's disk is full, cannot be written, fails or is slow: intake closes where all can see it, nothing accepted is lost."""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
import unittest

import harness
import ledger_check
import ordeal
from vitalgate.v1 import hub_pb2, vocabulary_pb2

# That no disk is large enough to be filled for a test, and none is harmed.
SIZE = "6m"
CANNOT_START, MUST_RESTART = 3, 4  # exit status
WATCHDOG_S = 6


class Disk:
    """A small file system of its own in memory."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(mode=0o700)
        self.mount("-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", self.path)

    @staticmethod
    def mount(*arguments):
        subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True, text=True)

    def unmount(self):
        # Also while a program has it open.
        subprocess.run(["umount", "-l", self.path], check=True)

    def fill(self):
        """To the last octet."""
        with open(self.path / "filler", "ab", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)

    def clear(self):
        (self.path / "filler").unlink()

    def set_writable(self, on):
        self.mount("-o", f"remount,{'rw' if on else 'ro'}", self.path)


class ServiceManager:
    """Notes when the daemon tells systemd that it is alive, in each of its lives."""

    def __init__(self, path, environment):
        self.pings = harness.Watched()  # number of the life, time
        self.life = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        environment.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC=str(WATCHDOG_S * 1_000_000))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while message := self.socket.recv(4096):
                self.life += b"READY=1" in message
                if b"WATCHDOG=1" in message:
                    self.pings.add((self.life, time.monotonic()))

    def gaps(self):
        """Within a life."""
        pings = self.pings.snapshot()
        return [after_s - before_s for (life, before_s), (later, after_s) in zip(pings, pings[1:]) if life == later]

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def may_mount():
    with contextlib.ExitStack() as stack:
        place = harness.tempfile.mkdtemp(prefix="vitalgate-")
        stack.callback(os.rmdir, place)
        return subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False).returncode == 0 \
            and subprocess.run(["umount", place], check=False).returncode == 0


class DiskFaults(ordeal.Ordeal):
    def setUp(self):
        super().setUp()
        self.fault = self.folder / "disk-fault"
        self.environment = {**self.preloading("libdisk_faults.so"), "DISK_FAULTS": str(self.fault)}
        self.way = self.forward()
        self.uplink = f"broker: mqtt://127.0.0.1:{self.way.port}\nretry-max: 10s\nkeep-alive: 10s"
        self.way.open()
        self.waited = collections.Counter()

    def use_small_disk(self):
        if not may_mount():
            self.skipTest("a file system of its own needs the right to mount one, or user namespaces")
        disk = Disk(self.folder / "state")
        self.addCleanup(disk.unmount)
        return disk

    def begin(self):
        self.start_all()
        self.service = self.subscribe()
        self.wait_progress(40)

    def wait_line_again(self, text):
        """Once more than it has been waited for."""
        self.waited[text] += 1
        self.daemon.lines.wait(lambda lines: sum(text in line for line in lines) >= self.waited[text], text)

    def wait_intake(self, intake):
        """The newest status, as soon as it says so, and has the problem or has it no more."""
        def last(messages):
            found = [hub_pb2.HubStatus.FromString(m.payload) for m in messages if m.topic.endswith("/status")]
            if not found or found[-1].intake != intake:
                return None
            severity = next((each.severity for each in found[-1].problems if each.code == "intake-closed"), None)
            wanted = None if intake == vocabulary_pb2.INTAKE_OPEN else vocabulary_pb2.SEVERITY_ALARM
            return found[-1] if severity == wanted else None
        return self.service.messages.wait(last, vocabulary_pb2.Intake.Name(intake))

    def wait_closed_for_good(self, words):
        """Of what was on the way to this life it cannot be stored that it is lost."""
        self.daemon.wait_line(words)
        self.lives[-1].lost_s += [time.time(), time.time() + ledger_check.UNCOMMITTED_S]

    def assert_closes_and_opens(self, close, reopen, intake):
        """Without a way to the broker first, so that there is something that was stored before and goes out then."""
        self.way.close()
        stored = len(self.ledger("taken"))
        self.wait_ledger("taken", stored + 10)
        close()
        self.wait_line_again("intake is closed: ")
        self.way.open()
        status = self.wait_intake(intake)
        self.wait_consumer(lambda: self.up_to() >= status.newest, "what is stored is sent all the same")
        reopen()
        self.wait_line_again("intake is open again")
        self.wait_intake(vocabulary_pb2.INTAKE_OPEN)
        self.wait_progress(10)

    def test_full_and_read_only(self):
        disk = self.use_small_disk()
        self.begin()
        self.assert_closes_and_opens(disk.fill, disk.clear, vocabulary_pb2.INTAKE_CLOSED_FULL)
        self.assert_closes_and_opens(lambda: self.fault.write_text("read-only"), self.fault.unlink,
                                     vocabulary_pb2.INTAKE_CLOSED_READ_ONLY)
        findings = self.finish("disk full and read-only")
        kinds = [event.store.kind for event in self.events_of("store")]
        self.assertEqual(kinds.count(vocabulary_pb2.STORE_INTAKE_CLOSED), 2)
        self.assertEqual(kinds.count(vocabulary_pb2.STORE_INTAKE_OPEN), 2)
        # What a device keeps it has kept; what was on the way is told.
        self.assertEqual([str(one) for one in findings.lost if self.devices[one.device].keeps_records], [])
        told = [event.loss for event in self.events_of("loss")]
        self.assertEqual({loss.reason for loss in told} - {vocabulary_pb2.LOSS_INTAKE_CLOSED}, set())
        self.assertGreaterEqual(sum(loss.count for loss in told), len(findings.lost))

    def test_a_file_system_that_gives_up(self):
        """As ext4 does on a bad card: from one moment on nothing can be written, and what is there can be read."""
        place = self.use_ext4()
        self.begin()
        self.note_kill()
        with self.daemon_stopped():  # a kernel tells untruths of a sync that is under way
            subprocess.run(["mount", "-o", "remount,abort", place], check=True)
        self.wait_closed_for_good("intake is closed: the file cannot be written")
        status = self.wait_intake(vocabulary_pb2.INTAKE_CLOSED_READ_ONLY)
        self.wait_consumer(lambda: self.up_to() >= status.newest, "what is stored is sent all the same")
        self.assertEqual(self.daemon.stop()[0], 0)
        self.note_kill()
        self.note_committed()
        self.start_hub()
        self.wait_closed_for_good("intake is closed: ")
        self.assertEqual(self.daemon.stop()[0], 0)
        # Mounted anew it can be written again.
        subprocess.run(["umount", place], check=True)
        subprocess.run(["mount", "-o", "loop", self.folder / "image", place], check=True)
        self.start_hub()
        self.finish("a file system that gives up")

    def test_a_medium_that_is_mounted_read_only(self):
        """As an old card is from one start to the next: what is stored is sent, and nothing is taken while it cannot be written."""
        disk = self.use_small_disk()
        self.begin()
        self.way.close()
        self.wait_ledger("taken", len(self.ledger("taken")) + 10)
        self.kill(self.daemon)
        self.note_committed()
        disk.set_writable(False)
        self.start_hub()
        self.wait_closed_for_good("intake is closed: its medium is mounted read-only")
        self.way.open()
        self.wait_intake(vocabulary_pb2.INTAKE_CLOSED_READ_ONLY)
        self.wait_consumer(lambda: self.up_to() >= self.newest, "what is stored is sent all the same")
        disk.set_writable(True)
        self.assertEqual(self.daemon.wait_end(), MUST_RESTART)
        self.assertIn("the medium of the store can be written again", self.daemon.output())
        self.start_hub()
        self.finish("a medium that is mounted read-only")

    @contextlib.contextmanager
    def daemon_stopped(self):
        tasks = pathlib.Path(f"/proc/{self.daemon.process.pid}/task")
        self.daemon.process.send_signal(signal.SIGSTOP)
        while not all(re.search(r"^State:\s+T", (task / "status").read_text(), re.M) for task in tasks.iterdir()):
            self.assertIsNone(self.daemon.process.poll())
        yield
        self.daemon.process.send_signal(signal.SIGCONT)

    def use_ext4(self):
        image, place = self.folder / "image", self.folder / "state"
        place.mkdir(mode=0o700)
        with open(image, "wb") as file:
            file.truncate(16 * 1024 * 1024)
        make = shutil.which("mkfs.ext4", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not make:
            self.skipTest("ext4 needs e2fsprogs")
        subprocess.run([make, "-q", image], check=True)
        if subprocess.run(["mount", "-o", "loop", image, place], capture_output=True, check=False).returncode != 0:
            self.skipTest("a file system in a file needs root and loop devices")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        return place

    def test_a_sync_that_fails(self):
        self.begin()
        self.way.close()
        self.wait_ledger("taken", len(self.ledger("taken")) + 10)
        self.fault.write_text("sync-fails-once")
        self.daemon.wait_line("disk_faults: a sync has failed")
        self.note_kill()
        # What of the last write is on the disk nobody knows: the process ends, and what is there is read anew.
        self.assertEqual(self.daemon.wait_end(), MUST_RESTART)
        self.note_kill()
        self.assertIn("no more is written until the next start", self.daemon.output())
        self.note_committed()
        self.fault.write_text("sync-fails")
        self.start_hub()
        self.wait_closed_for_good("what is stored is sent, for 30s at least: then the hub starts anew")
        self.assertIn("the disk reports an error", self.daemon.output())
        self.way.open()
        self.wait_intake(vocabulary_pb2.INTAKE_CLOSED_FAULT)
        self.wait_consumer(lambda: self.up_to() >= self.newest, "what is stored is sent all the same")
        self.fault.unlink()
        self.assertEqual(self.daemon.wait_end(), MUST_RESTART)
        self.start_hub()
        self.finish("syncs that fail")

    def test_damage_that_shows_at_the_first_write(self):
        """A new start salvages it, so nothing is waited for."""
        self.start_hub()
        self.daemon.stop()
        with contextlib.closing(sqlite3.connect(self.folder / "state/store.db")) as store:
            store.execute("CREATE TRIGGER no BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'no'); END")
        self.start_hub()
        ready_s = time.monotonic()
        self.assertEqual(self.daemon.wait_end(), MUST_RESTART)
        self.assertLess(time.monotonic() - ready_s, 20)
        self.start_hub()
        self.assertIn("the store is damaged", self.daemon.output())

    def test_short_and_interrupted_writes(self):
        """Each is completed: neither what was written in parts is lost, nor are the parts taken for damage at the next start."""
        self.fault.write_text("short-writes")
        self.start_all()
        self.wait_progress(130)  # and so some writing back of the journal
        self.kill(self.daemon)
        self.note_committed()
        self.start_hub()
        self.finish("short writes")
        self.assertEqual(len(self.committed), 1, "one store, one stream")

    def test_names_that_cannot_be_changed(self):
        """A start ends with a sentence, whatever it was about to put in place; the next one goes on as if nothing had been."""
        store = self.folder / "state/store.db"
        self.refused_with("names-fail", "keys/store.key: cannot be put in place: Input/output error")
        self.assertEqual([path.name for path in store.parent.rglob("*") if path.is_file()], [])
        self.start_hub()
        self.daemon.stop()
        keys = sorted((path.name, path.read_bytes()) for path in store.parent.glob("keys/*"))
        store.unlink()
        self.refused_with("names-fail", "cannot be created: Input/output error")
        self.assertFalse(store.exists())
        self.start_hub()
        self.daemon.stop()
        self.start_hub()
        self.kill(self.daemon)
        self.assertTrue(store.with_name("store.db-wal").stat().st_size)
        self.refused_with("names-fail", "the disk reports an error")  # when the journal shall be emptied
        self.start_hub()
        self.daemon.stop()
        store.write_bytes(store.read_bytes()[:-4096])
        damaged = store.read_bytes()
        self.refused_with("names-fail", "the salvaged store cannot be made: Input/output error")
        self.assertEqual(store.read_bytes(), damaged)
        self.start_hub()
        self.daemon.stop()
        self.assertEqual([path.read_bytes() for path in store.parent.glob("damaged/*")], [damaged])
        self.assertEqual(sorted((path.name, path.read_bytes()) for path in store.parent.glob("keys/*")), keys)

    def test_files_that_cannot_be_read_at_the_moment(self):
        """The configuration and a secret: nobody has to act, so systemd is to try again."""
        secret = self.folder / "password"
        secret.write_text("geheim")
        secret.chmod(0o600)
        self.uplink += f"\nuser: hub\npassword: {{file: {secret}}}"
        for name, subject in (("vitalgate.yaml", "vitalgate.yaml:"), ("password", "password")):
            self.refused_with(f"opens-fail {name}", f"{subject} cannot be read: Input/output error")
            self.assertIn("the next start may be able to", self.daemon.output())
        self.start_hub()

    def refused_with(self, fault, sentence):
        self.fault.write_text(fault)
        self.start_hub(wait=False)
        self.assertIn(self.daemon.wait_end(), (CANNOT_START, MUST_RESTART), self.daemon.output())
        self.assertIn(sentence, self.daemon.output())
        self.fault.unlink()

    def test_slow(self):
        manager = ServiceManager(self.folder / "notify", self.environment)
        self.addCleanup(manager.close)
        self.begin()
        self.wait_progress(110)  # what the devices had stored
        connections = self.connections()
        pings = len(manager.pings.snapshot())
        self.fault.write_text("sync-takes 2000")
        delays = self.delays(40)  # and so over some writes
        manager.pings.wait(lambda all_pings: len(all_pings) >= pings + 2, "pings of a hub with a slow disk")
        self.fault.unlink()
        self.assertLess(statistics.median(delays), 1, "devices do not wait for the disk")
        self.assertEqual(self.connections(), connections, "the broker hears of the hub in time")
        self.finish("slow disk")
        self.assertLess(max(manager.gaps()), WATCHDOG_S)

    def delays(self, count):
        """From the offer of a value until the hub has taken it, of so many that are offered from now on."""
        begun, offered, delays = time.time(), {}, []

        def are_taken(entry):
            at_s, key = ledger_check.seconds(entry["t"]), (entry["device"], entry.get("n"))
            if entry["what"] == "offered" and at_s > begun:
                offered[key] = at_s
            elif entry["what"] == "taken" and key in offered:
                delays.append(at_s - offered.pop(key))
            return len(delays) >= count
        self.wait_entry(are_taken, f"{count} values are taken")
        return delays

    def connections(self):
        return sum("hub-test (p5" in line for line in self.broker.lines.snapshot())


def main():
    """Who may not mount a file system may be root of a name space of his own, and mount it there."""
    alone = ["unshare", "--map-root-user", "--mount"]
    is_tried = os.environ.get("VITALGATE_ALONE") == "1"
    if not may_mount() and not is_tried and subprocess.run([*alone, "true"], check=False).returncode == 0:
        os.execvpe(alone[0], [*alone, sys.executable, *sys.argv], {**os.environ, "VITALGATE_ALONE": "1"})
    unittest.main()


if __name__ == "__main__":
    main()
