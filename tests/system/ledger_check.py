"""Compares what the simulator offered with what a consumer has: the oracle of the tests in which things go wrong.

Demanded: nothing accepted is missing and nothing invented; each reading says what the device said, of the right person, with
the right time; no id and no sequence has two contents; sequences are complete but for what a Loss names; within a connection
each lane is in order; a connection repeats no more than it may.
"""
import collections
import dataclasses
import datetime
import pathlib
import sys

import ledger_values

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "packaging/examples"))

import consumer  # noqa: E402
from vitalgate.v1 import event_pb2, reading_pb2, stream_pb2, vocabulary_pb2  # noqa: E402

LANES = {stream_pb2.LANE_LIVE: "live", stream_pb2.LANE_BACKLOG: "backlog", stream_pb2.LANE_REPLAY: "replay"}
# How long before a kill a value may have come that was not committed yet.
UNCOMMITTED_S = 3.0
TIME_TOLERANCE_S = 3.0
STANDARD_WINDOW = 100  # of an uplink that configures none


@dataclasses.dataclass(frozen=True)
class Device:
    """What configuration and scenario say of one."""
    person: str = ""
    slots: dict[int, str] = dataclasses.field(default_factory=dict)
    keeps_records: bool = False  # so a kill loses none of them
    time_tolerance_s: float = TIME_TOLERANCE_S
    session_age_s: float = 0.0  # at the start of the simulator; its record numbers are minutes of the session
    clock_is_right: bool = True  # if it has one; else the simulator's time counts


@dataclasses.dataclass
class Measurement:
    """One entry `measured` of the simulator's ledger, with what became of it."""
    device: str
    number: int
    entry: dict
    offered: list[tuple[str, bytes]] = dataclasses.field(default_factory=list)  # characteristic, payload
    offered_s: float = 0.0  # the last time
    taken_s: list[float] = dataclasses.field(default_factory=list)
    is_missed: bool = False
    arrived: int = 0

    def __str__(self):
        return f"{self.device}, measurement {self.number}"


@dataclasses.dataclass
class Findings:
    faults: list[str]
    figures: dict[str, int]
    lost: list[Measurement]  # what should have arrived and has not; no fault as far as a Loss names it


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def measurements(entries):
    """(device, number) -> Measurement."""
    found = {}
    for entry in entries:
        if "n" not in entry:
            continue
        key = entry["device"], entry["n"]
        if entry["what"] == "measured":
            found[key] = Measurement(*key, entry)
        elif entry["what"] == "offered":
            found[key].offered_s = seconds(entry["t"])
            value = entry["characteristic"], bytes.fromhex(entry["hex"])
            if value not in found[key].offered:
                found[key].offered.append(value)
        elif entry["what"] == "taken":
            found[key].taken_s.append(seconds(entry["t"]))
        elif entry["what"] == "missed":
            found[key].is_missed = True
    return found


class Check:
    """One comparison. kills_s: when the daemon was killed. committed: stream -> the highest sequence that was found in its
    store, and up to which all must have come; without it, up to the newest that a message told of. window: of the uplink.
    hub_clock: how many seconds the hub's clock was behind at a stamp; without it, none."""

    def __init__(self, entries, ledger, devices, kills_s=(), committed=None, window=STANDARD_WINDOW, hub_clock=None):
        self.measurements, self.ledger, self.devices = measurements(entries), ledger, devices
        self.kills_s, self.committed, self.window = kills_s, committed or {}, window
        self.hub_clock = hub_clock or (lambda stamp: 0.0)
        self.start_s = min((seconds(entry["t"]) for entry in entries), default=0.0)
        self.faults, self.lost = [], []
        self.figures = collections.Counter()
        self.readings = [reading_pb2.Reading.FromString(body)
                         for body, in ledger.db.execute("SELECT body FROM reading ORDER BY stream, sequence")]
        self.events = [event_pb2.Event.FromString(body) for body, in ledger.db.execute("SELECT body FROM event")]
        self.current = {name for name, in ledger.db.execute("SELECT id FROM current_reading")}
        self.by_payload = collections.defaultdict(list)
        for measurement in self.measurements.values():
            for characteristic, value in measurement.offered:
                self.by_payload[measurement.device, characteristic, value].append(measurement)

    def run(self):
        self.check_readings()
        self.check_accepted()
        self.check_contents()
        self.check_sequences()
        self.check_arrivals()
        return Findings(self.faults, dict(self.figures), self.lost)

    def fault(self, what, subject, more=""):
        self.faults.append(f"{what}: {subject}{more and ': '}{more}")

    def check_readings(self):
        self.figures["received"] = len(self.readings)
        for reading in self.readings:
            measurement = self.measurement_of(reading.device, reading.source.raw, reading.received)
            if not measurement:
                self.fault("invented", f"reading {reading.id} of {reading.device}")
                continue
            if reading.id in self.current:
                measurement.arrived += 1
                if measurement.arrived > 1:
                    self.fault("doubled", measurement, f"again as reading {reading.id}")
            self.check_reading(reading, measurement)
        for event in self.events:
            if event.HasField("refused") and event.refused.source.raw:
                measurement = self.measurement_of(event.device, event.refused.source.raw, event.occurred)
                if not measurement:
                    self.fault("invented", f"refused measurement {event.id} of {event.device}")
                else:
                    measurement.arrived += 1

    def measurement_of(self, device, raw, stamp):
        """Where a device says the same twice, the one that did not arrive yet and is nearest in time."""
        found = self.by_payload.get((device, raw[0].characteristic, raw[0].value), []) if raw else []
        found = [one for one in found if all((part.characteristic, part.value) in one.offered for part in raw)]
        received_s = stamp.time.ToNanoseconds() / 1e9 + self.hub_clock(stamp)
        return min(found, key=lambda one: (one.arrived, abs(seconds(one.entry["t"]) - received_s)), default=None)

    def check_reading(self, reading, measurement):
        device = self.devices[reading.device]
        slot = measurement.entry.get("user")
        person = device.slots.get(slot, device.person) if slot is not None else device.person
        if reading.subject != person:
            self.fault("wrong person", measurement, f"{reading.subject or 'nobody'}, not {person or 'nobody'}")
        stamp = reading.received if reading.time_basis == vocabulary_pb2.TIME_RECEIVED else reading.device_clock.compared
        measured_s = reading.measured.ToNanoseconds() / 1e9 + self.hub_clock(stamp)
        off_s = measured_s - self.measured_s(measurement, device)
        if abs(off_s) > device.time_tolerance_s:
            self.fault("wrong time", measurement, f"{off_s:+.1f} s")
        record = measurement.entry.get("record")
        if record is not None and reading.source.HasField("record_number") and reading.source.record_number != record:
            self.fault("wrong record number", measurement, f"{reading.source.record_number}, not {record}")
        for sentence in ledger_values.wrong_values(reading):
            self.fault("wrong value", measurement, sentence)

    def measured_s(self, measurement, device):
        """By the device's clock, which is right, or else by the simulator's."""
        if device.session_age_s:
            return self.start_s - device.session_age_s + 60 * measurement.entry["record"]
        text = measurement.entry.get("deviceTime") if device.clock_is_right else None
        return seconds(text + "Z" if text else measurement.entry["t"])

    def check_accepted(self):
        """What was taken has arrived, or was in memory at a kill and not in the device's, or stands in a Loss."""
        for measurement in self.measurements.values():
            keeps = self.devices[measurement.device].keeps_records and not measurement.is_missed
            self.figures["accepted"] += bool(measurement.taken_s)
            if measurement.arrived or not (measurement.taken_s or keeps):
                continue
            if not keeps and all(self.was_killed_soon_after(taken_s) for taken_s in measurement.taken_s):
                self.figures["in memory at a kill"] += 1
            else:
                self.lost.append(measurement)
        # What has moved to another stream comes again there.
        named = sum(event.loss.count for event in self.events
                    if event.HasField("loss") and event.loss.uplink in ("", self.ledger.uplink)
                    and event.loss.reason != vocabulary_pb2.LOSS_MOVED)
        self.figures["named as lost"] = named
        if len(self.lost) > named:
            for measurement in self.lost:
                self.fault("lost", measurement)

    def was_killed_soon_after(self, taken_s):
        return any(0 <= kill_s - taken_s <= UNCOMMITTED_S for kill_s in self.kills_s)

    def check_contents(self):
        for hub, stream, sequence, what in self.ledger.db.execute("SELECT hub, stream, sequence, what FROM contradiction"):
            self.fault("contradiction", f"{hub}, stream {stream}, sequence {sequence}", what)

    def check_sequences(self):
        due = {name: stream.newest for (_, name), stream in self.ledger.streams.items()} | self.committed
        for name, last in due.items():
            streams = [stream for (_, one), stream in self.ledger.streams.items() if one == name] or [consumer.Stream("")]
            missing = streams[0].accounted().missing(last)
            if missing:
                self.fault("gap", f"stream {name}", consumer.shown(missing))
        for (hub, name), stream in self.ledger.streams.items():
            beyond = [last for _, last in stream.received if last > stream.newest]
            if beyond:
                self.fault("beyond the newest", f"{hub}, stream {name}", f"{beyond[-1]}, newest {stream.newest}")

    def check_arrivals(self):
        """Order within a lane of a connection, and what came again although the broker had not asked for it."""
        seen, last = collections.defaultdict(consumer.RangeSet), {}
        repeated = collections.Counter()
        for hub, stream, connection, lane, again, text in self.ledger.db.execute(
                "SELECT hub, stream, connection, lane, again, sequences FROM arrival ORDER BY number"):
            sequences = [int(number) for number in text.split()]
            if lane == stream_pb2.LANE_REPLAY:
                self.figures["replayed"] += 1
            elif again:
                self.figures["repeated by the broker"] += 1
            else:
                key = hub, stream, connection, lane
                if any(b <= a for a, b in zip([last.get(key, 0), *sequences], sequences)):
                    self.fault("order", f"{hub}, connection {connection}, {LANES.get(lane, lane)} lane",
                               f"{text} after {last.get(key, 0)}")
                last[key] = max(last.get(key, 0), *sequences)
                repeated[connection] += any(sequence in seen[hub, stream] for sequence in sequences)
            for sequence in sequences:
                seen[hub, stream].add(sequence, sequence)
        self.figures["raw duplicates"] = sum(repeated.values())
        self.figures["most raw duplicates of a connection"] = max(repeated.values(), default=0)
        for connection, count in repeated.items():
            if count > self.window + self.window // 2:
                self.fault("too many repetitions", f"connection {connection}", f"{count} messages")


def check(entries, ledger, devices, **more):
    return Check(entries, ledger, devices, **more).run()
