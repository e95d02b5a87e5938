"""The hub's wall clock jumps, is far in the future, or is not set at the start: nothing is lost, and times stay honest."""
import contextlib
import sqlite3
import time
import unittest

import ledger_check
import ordeal
from vitalgate.v1 import reading_pb2, vocabulary_pb2

YEAR_S = 31_557_600
YEAR_2038_S = 2**31
SCENARIO = ordeal.scenario(ordeal.cuff_and_thermometer("500ms", "500ms", "400ms") + ordeal.STRAP_AND_METER)
CONFIGURATION = "\n".join(line for line in ordeal.CONFIGURATION.splitlines() if not line.startswith("sensor"))


class ClockFaults(ordeal.Ordeal):
    scenario, configured, stored = SCENARIO, CONFIGURATION, 0
    rates_per_s = {"cuff": 2, "thermometer": 2.5, "strap": 5, "meter": 0.5}
    # What the hub sets of their clocks is as wrong as its own.
    devices = {name: ledger_check.dataclasses.replace(device, clock_is_right=False)
               for name, device in ordeal.DEVICES.items() if name != "sensor"}

    def setUp(self):
        super().setUp()
        self.wall_clock = self.folder / "wall-clock"
        self.environment = {**self.preloading("libsynchronised_clock.so"), "WALL_CLOCK": str(self.wall_clock)}
        self.told = []
        self.corrects_synchronised = False

    def set_clock(self, ahead_s, state="synchronised"):
        """At one stroke: never half a file."""
        text = self.folder / "wall-clock.new"
        text.write_text(f"{ahead_s} {state}")
        text.rename(self.wall_clock)

    def wait_step(self, number):
        """The so-many-th event that tells how the hub's own clock was changed."""
        self.wait_consumer(lambda: len(self.steps()) >= number, f"{number} events of the clock")
        return self.steps()[number - 1]

    def steps(self):
        events = [event for event in self.events_of("clock") if not event.device]
        return sorted(events, key=lambda event: event.occurred.uptime_ms)

    def checked(self):
        self.told = [event.occurred for event in self.steps()]
        return super().checked()

    def hub_clock(self, stamp):
        """By the last event of the boot, which says when the kernel started."""
        later = [told for told in self.told if told.uptime_ms > stamp.uptime_ms]
        is_sure = stamp.clock == vocabulary_pb2.CLOCK_SYNCHRONISED and not self.corrects_synchronised
        if is_sure or not later:
            return 0.0
        right_ns = later[-1].time.ToNanoseconds() - (later[-1].uptime_ms - stamp.uptime_ms) * 1_000_000
        return (right_ns - stamp.time.ToNanoseconds()) / 1e9

    def readings(self):
        """In the order of their sequence."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            return [reading_pb2.Reading.FromString(body)
                    for body, in database.execute("SELECT body FROM reading ORDER BY sequence")]

    def assert_order(self):
        """The sequence is that of arrival, whatever the wall clock says."""
        last = {}
        for reading in self.readings():
            self.assertGreaterEqual(reading.received.uptime_ms, last.get(reading.device, 0), reading.id)
            last[reading.device] = reading.received.uptime_ms

    def test_jumps(self):
        self.corrects_synchronised = True  # nobody knew better while it was wrong
        self.start_all()
        self.wait_progress(30)
        before_s = 0
        for number, ahead_s in enumerate((-10 * YEAR_S, 20 * YEAR_S, 0), 1):
            self.set_clock(ahead_s)
            step = self.wait_step(number)
            self.assertAlmostEqual(step.clock.step_ms / 1000, ahead_s - before_s, delta=1)
            self.assertEqual((getattr(step.clock, "from"), step.clock.to), (vocabulary_pb2.CLOCK_SYNCHRONISED,) * 2)
            before_s = ahead_s
            self.wait_progress(15)
            if ahead_s > 0:
                self.wait_consumer(lambda: len(self.late()) > 10, "readings of the far future")
        self.assertEqual(sum("as hub-test (" in line for line in self.broker.lines.snapshot()), 1, "connections")
        self.finish("the clock jumps")
        self.assert_order()
        self.assertGreater(len(self.late()), 10)

    def late(self):
        return [reading for reading in self.readings() if reading.received.time.seconds > YEAR_2038_S]

    def test_not_set_at_the_start(self):
        self.set_clock(-YEAR_S, "unsynchronised")
        self.start_all()
        self.wait_progress(30)
        set_ms = time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
        self.set_clock(0)
        step = self.wait_step(1)
        self.assertAlmostEqual(step.clock.step_ms / 1000, YEAR_S, delta=1)
        self.assertEqual(getattr(step.clock, "from"), vocabulary_pb2.CLOCK_UNSYNCHRONISED)
        self.assertEqual(step.clock.to, vocabulary_pb2.CLOCK_SYNCHRONISED)
        self.wait_progress(40)
        self.finish("a clock that is set later")
        self.assert_order()
        for reading in self.readings():
            if reading.received.uptime_ms < set_ms:
                self.assertEqual(reading.received.clock, vocabulary_pb2.CLOCK_UNSYNCHRONISED, reading.id)
            elif reading.received.uptime_ms > step.occurred.uptime_ms:  # the hub looks once a second
                self.assertEqual(reading.received.clock, vocabulary_pb2.CLOCK_SYNCHRONISED, reading.id)


if __name__ == "__main__":
    unittest.main()
