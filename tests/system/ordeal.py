"""A hub with a broker, a consumer and five devices, in which things go wrong: what the tests of nothing lost share.

What is demanded at the end stands in ledger_check.py.
"""
import contextlib
import random
import re
import shutil
import signal
import sqlite3
import sys
import time

import harness
import ledger_check
import ledger_consumer
from vitalgate.v1 import event_pb2, vocabulary_pb2

# So that a hub that repeats more than it must is seen: messages of some readings, and few of them on the way.
SMALL_STEPS = "window: 12\nbatch-size: 4KiB"
CUFF_AND_THERMOMETER = """
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:10:00:01"
    users: {{1: {{slot: 1}}, 2: {{slot: 2}}}}
    memory: 1000
    clock: {{zone: UTC}}
    advertise: {{when: always, every: 100ms}}
    measure:
      - {{every: @first, times: {cuff}, user: 1, systolic: 118..142, diastolic: 74..88, mean: 90..110, pulse: 58..80}}
      - {{at: @at, every: @second, times: {cuff}, user: 2, systolic: 118..142, diastolic: 74..88, pulse: 58..80}}
  thermometer:
    model: thermometer
    address: "D0:5F:B8:10:00:03"
    memory: 1000
    clock: @clock
    advertise: {{when: always, every: 100ms}}
    measure: [{{every: @thermometer, times: {thermometer}, temperature: 36.1..38.9}}]
"""


def scenario(devices):
    """devices: those of a scenario, still to be formatted with how often each measures."""
    return 'seed: {seed}\nadapters: {{hci0: {{address: "00:1A:7D:DA:71:13"}}}}\ndevices:' + devices


def cuff_and_thermometer(first, second, thermometer, at="700ms", clock="{{as: none}}"):
    """How often the cuff's first and second user, who begins at a time of its own, and the thermometer measure."""
    filled = CUFF_AND_THERMOMETER
    for name, value in (("first", first), ("second", second), ("thermometer", thermometer), ("at", at), ("clock", clock)):
        filled = filled.replace("@" + name, value)
    return filled


# More of what the meter measures may follow.
STRAP_AND_METER = """\
  strap:
    model: heart-rate
    address: "F0:13:C3:10:00:08"
    advertise: {{when: always, every: 100ms}}
    measure: [{{every: 200ms, times: {strap}, rate: 55..95}}]
  meter:
    model: glucose
    address: "C4:7C:8D:10:00:05"
    clock: {{as: date-time, zone: UTC}}
    memory: {records}
    live: true
    advertise: {{when: after-measurement, for: 60s, every: 100ms}}
    disconnect: {{when-done: 200ms}}
    measure:
      - {{at: 1s, every: 2s, times: {meter}, glucose: 70..180}}
"""
SCENARIO = scenario(cuff_and_thermometer("1100ms", "1300ms", "1700ms", clock="{{zone: UTC}}") + STRAP_AND_METER + """\
      - {{at: -10h, every: 10m, times: 50, glucose: 70..180}}
  sensor:
    model: continuous-glucose
    address: "C4:7C:8D:10:00:06"
    crc: true
    session-age: 6h
    advertise: {{when: always, every: 100ms}}
    measure: [{{at: -5h, every: 5m, times: 60, glucose: 96..124}}]
""")
CONFIGURATION = """
cuff: {address: "C4:7C:8D:10:00:01", slots: {1: p-1, 2: p-2}}
thermometer: {address: "D0:5F:B8:10:00:03", person: p-1}
strap: {address: "F0:13:C3:10:00:08"}
meter: {address: "C4:7C:8D:10:00:05", person: p-2}
sensor: {address: "C4:7C:8D:10:00:06", person: p-2}
"""
DEVICES = {
    "cuff": ledger_check.Device(slots={1: "p-1", 2: "p-2"}),
    "thermometer": ledger_check.Device(person="p-1"),
    "strap": ledger_check.Device(priority=vocabulary_pb2.PRIORITY_SERIES),
    "meter": ledger_check.Device(person="p-2", keeps_records=True),
    "sensor": ledger_check.Device(person="p-2", keeps_records=True, time_tolerance_s=60, session_age_s=6 * 3600),
}


# Of a test that measures until it has seen what it waits for: longer than any of them.
ENDLESS_S = 24 * 3600


class Ordeal(harness.HubTest):
    seed = 1
    patience_s = 120  # with what must reach the consumer
    scenario, configured, devices = SCENARIO, CONFIGURATION, DEVICES
    stored = 110  # measurements that the devices have from before the start
    rates_per_s = {"cuff": 0.8, "thermometer": 0.6, "strap": 5, "meter": 0.5}
    environment = None  # of the daemon
    hub_clock = None  # see ledger_check
    log_level = "debug"
    uncommitted_s = ledger_check.UNCOMMITTED_S

    def setUp(self):
        super().setUp()
        self.chance = random.Random(self.seed)
        self.lives, self.counting, self.committed, self.newest = [], [], {}, 0
        self.daemon, self.is_endless, self.awaited = None, False, None
        self.uplink = f"broker: mqtt://127.0.0.1:{self.port}\nretry-max: 10s\n{SMALL_STEPS}"
        self.more = ()
        self.start_bus()
        self.broker = self.start_broker()

    def start_all(self, during_s=None):
        """during_s: so long is measured; without it, until finish()."""
        self.start_consumer()
        # What a broker has no subscriber for it acknowledges and drops.
        self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
        self.start_hub()
        self.start_measuring(during_s)

    @property
    def database(self):
        return self.folder / "consumer.db"

    def start_consumer(self):
        self.consumer = self.start("consumer", [
            sys.executable, ledger_consumer.__file__, "--host", "127.0.0.1", "--port", self.port, "--uplink", "care",
            "--database", self.database, *self.more])

    def configuration(self, devices, uplink="", more=""):
        # So that it tells what it has accepted.
        return super().configuration(devices, uplink, more) + f"log: {{level: {self.log_level}}}\n"

    def start_hub(self, wait=True):
        if self.lives and self.lives[-1].lost_s:
            self.note_kill()  # the simulator may come later to write what the dead one has taken
        life = ledger_check.Life(time.time())
        self.daemon = self.start_daemon(self.configuration(self.configured, self.uplink), wait=False, env=self.environment)
        self.lives.append(life)
        self.counting.append((life, self.daemon))
        if wait:
            self.daemon.wait_line("ready in")

    def start_measuring(self, during_s=None):
        self.is_endless, during_s = during_s is None, during_s or ENDLESS_S
        counts = {name: max(1, round(during_s * rate)) for name, rate in self.rates_per_s.items()}
        records = 500 + min(int(during_s), 10_000)
        self.simulator = self.start_simulator(self.scenario.format(seed=self.seed, records=records, **counts))
        self.during_s, self.measuring_until_s = during_s, time.monotonic() + during_s
        self.measured = self.stored + sum(count * self.scenario.count(f"{{{name}}}") for name, count in counts.items())

    def in_houses(self, count, house):
        """Until it is done so often: where measuring has ended before, in another house, with the next seed.

        house(count): does it at most so often, and gives how often."""
        while True:
            count -= house(count)
            if count == 0:
                break
            self.doCleanups()
            self.seed += 1
            self.setUp()

    def while_measured(self, count, after_s):
        """1 up to count; it ends before when so little is left to measure."""
        for number in range(1, count + 1):
            yield number
            if time.monotonic() > self.measuring_until_s - after_s:
                break

    def kill(self, program):
        if program is self.daemon:
            self.note_kill()
        program.stop(signal.SIGKILL)
        if program is self.daemon:
            self.note_kill()
        self.assertNotIn("Sanitizer", program.output())
        self.programs.remove(program)

    def note_kill(self):
        """The daemon has lost what it had not committed."""
        self.lives[-1].lost_s.append(time.time())

    def count_accepted(self):
        """Of each life, by its own word; of one that is over for the last time."""
        counting, self.counting = self.counting, []
        for life, daemon in counting:
            if daemon.reader.is_alive():
                self.counting.append((life, daemon))
            life.accepted.clear()
            for line in daemon.lines.snapshot():
                if found := re.search(r"device (\S+): values accepted: (\d+)", line):
                    life.accepted[found[1]] += int(found[2])

    def note_committed(self):
        """What the store of a daemon that is dead has given out: all of that must arrive. Looked up in a copy, because a look
        changes the file."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in (self.folder / "state").glob("store.db*"):
            shutil.copy(path, copy)
        if not (copy / "store.db").exists():
            return
        with contextlib.closing(sqlite3.connect(copy / "store.db")) as store:
            meta = dict(store.execute("SELECT name, value FROM meta WHERE name IN ('stream', 'next-sequence')"))
        text = meta["stream"]
        stream = text.decode() if isinstance(text, bytes) else text
        # Before the first commit nothing is counted.
        self.committed[stream] = self.newest = int(meta.get("next-sequence", 1)) - 1

    def wait_consumer(self, condition, what):
        """condition is asked whenever a message has come."""
        try:
            self.consumer.lines.wait(lambda _: condition(), what, self.patience_s)
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.checked().faults[:50]])) from None

    def wait_progress(self, more):
        """Until the consumer has so many records more."""
        begin = self.up_to()
        self.wait_consumer(lambda: self.up_to() >= begin + more, f"{more} more records")

    def up_to(self):
        for line in reversed(self.consumer.lines.snapshot()):
            if found := re.search(r"up to (\d+)", line):
                return int(found[1])
        return 0

    def events_of(self, kind):
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            events = [event_pb2.Event.FromString(body) for body, in database.execute("SELECT body FROM event")]
        return [event for event in events if event.WhichOneof("what") == kind]

    def given(self):
        """The simulator's ledger. Where measuring is endless a device goes with what it has measured behind the last that was
        awaited of it: that is as if it had been missed."""
        entries = self.ledger()
        if not self.awaited:
            return entries
        taken = {(entry["device"], entry["n"]) for entry in entries if entry["what"] == "taken"}
        return entries + [{**entry, "what": "missed"} for entry in entries if entry["what"] == "measured"
                          and entry["n"] > self.awaited.get(entry["device"], 0) and (entry["device"], entry["n"]) not in taken]

    def checked(self):
        self.count_accepted()
        ledger = ledger_consumer.TracingLedger(self.database, "care")
        with contextlib.closing(ledger.db):
            return ledger_check.check(self.given(), ledger, self.devices, lives=self.lives, committed=self.committed,
                                      window=self.window(), hub_clock=self.hub_clock, uncommitted_s=self.uncommitted_s)

    def window(self):
        configured = re.search(r"^window: (\d+)$", self.uplink, re.M)
        return int(configured[1]) if configured else ledger_check.STANDARD_WINDOW

    def wait_measured(self):
        if not self.is_endless:
            self.wait_ledger("measured", self.measured, harness.PATIENCE + self.during_s)

    def wait_given(self):
        """Until the hub has what the devices have now, and the consumer has that too. Endless measuring ends here."""
        last = {entry["device"]: entry["n"] for entry in self.ledger("measured")}
        self.wait_taken(last)
        if self.is_endless:
            self.awaited = last
            self.wait_consumer(lambda: not self.lost(last), "what the devices had")
            self.simulator.stop()
        self.wait_consumer(lambda: not self.lost(), "what the devices have")

    def lost(self, up_to=None):
        """Whether something is, for all that the consumer has so far; up_to: the last measurement of each device that counts."""
        findings = self.checked()
        if not any(fault.startswith("lost") for fault in findings.faults):
            return False
        return up_to is None or any(one.number <= up_to.get(one.device, 0) for one in findings.lost)

    def wait_taken(self, last):
        """Until each device has given its measurement of this number, or a later one. If it could not, it says so; and what was
        offered to a daemon that was killed is not offered again, unless it is a record: for that the consumer is asked."""
        waiting = dict(last)
        killed_s = self.lives[-1].begin_s + 1 if any(life.lost_s for life in self.lives) else 0.0

        def all_taken(entry):
            is_over = entry["what"] in ("taken", "missed") or (
                entry["what"] == "offered" and ledger_check.seconds(entry["t"]) < killed_s)
            if is_over and entry["n"] >= waiting.get(entry["device"], entry["n"] + 1):
                del waiting[entry["device"]]
            return not waiting
        self.wait_entry(all_taken, f"the last of {last}", self.patience_s)

    def wait_received(self):
        """Until the consumer has all that the hub has at the end."""
        self.daemon.wait_line("ready in")
        self.assertEqual(self.daemon.stop()[0], 0)
        self.note_committed()
        self.start_hub()
        newest = self.newest  # of the present stream: an earlier one may have been longer
        self.wait_consumer(lambda: self.up_to() >= newest, f"everything up to {newest}")

    def finish(self, what):
        self.wait_measured()
        self.wait_given()
        self.wait_received()
        status, _ = self.consumer.stop()
        findings = self.checked()
        killed = sum(bool(life.lost_s) for life in self.lives)
        print(f"\n{what}, seed {self.seed}: {killed} kills of the daemon, "
              + ", ".join(f"{count} {name}" for name, count in findings.figures.items()), flush=True)
        self.assertEqual(findings.faults, [])
        self.assertEqual(status, 0, self.consumer.output()[-2000:])
        self.assertGreater(findings.figures["received"], 60)
        if self.log_level == "debug":
            self.assertTrue(any(life.accepted for life in self.lives), "the hub does not tell what it has accepted")
        return findings
