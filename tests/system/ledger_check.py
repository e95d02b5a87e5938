"""Compares what the simulator offered with what a consumer has: the oracle of the tests in which things go wrong.

Demanded: nothing accepted is missing and nothing invented; each reading says what the device said, of the right person, with
the right time; no id and no sequence has two contents; sequences are complete but for what a Loss names; within a connection
each lane is in order; a connection repeats no more than it may.
"""
import bisect
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
UNCOMMITTED_S = 3.0  # of a hub whose disk is a good one, on a machine that is busy
TIME_TOLERANCE_S = 3.0
ALL = -1  # rows of every priority
STANDARD_WINDOW = 100  # of an uplink that configures none


@dataclasses.dataclass(frozen=True)
class Device:
    """What configuration and scenario say of one."""
    person: str = ""
    slots: dict[int, str] = dataclasses.field(default_factory=dict)
    keeps_records: bool = False  # so a kill loses none of them
    time_tolerance_s: float = TIME_TOLERANCE_S
    session_age_s: float = 0.0  # at the start of the simulator; its record numbers are minutes of the session
    priority: int = vocabulary_pb2.PRIORITY_READING  # that the hub keeps its measurements with, refused ones too
    clock_is_right: bool = True  # if it has one; else the simulator's time counts


@dataclasses.dataclass
class Life:
    """Of the daemon, from one start to the next."""
    begin_s: float
    lost_s: list[float] = dataclasses.field(default_factory=list)  # when it lost what it had not committed: that of its kill
    accepted: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # values of a device, as it has said
    store_gone_s: float | None = None  # what came since then is nowhere if it has not arrived


@dataclasses.dataclass
class Measurement:
    """One entry `measured` of the simulator's ledger, with what became of it."""
    device: str
    number: int
    entry: dict
    offered: list[tuple[str, bytes]] = dataclasses.field(default_factory=list)  # characteristic, payload
    offered_s: float = 0.0  # the last time
    place: int = 0          # of that in the ledger
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


def size(spans, last):
    """How many numbers up to the last are in one of them."""
    return sum(max(0, min(end, last) - first + 1) for first, end in consumer.RangeSet(spans))


def named_rows(loss):
    """(priority, first, last) of the rows that it names, unspecified where it does not tell; and of ALL."""
    for part in loss.ranges:
        last = part.last or consumer.LARGEST
        yield ALL, part.first, last
        # A Loss is an alarm. Where one is lost, all rows before it are named in its place: more than were counted.
        if loss.priority == vocabulary_pb2.PRIORITY_ALARM and part.first == 1 and last > loss.count:
            yield vocabulary_pb2.PRIORITY_UNSPECIFIED, 1, last - 1
        else:
            yield loss.priority, part.first, last


def measurements(entries):
    """(device, number) -> Measurement."""
    found = {}
    for place, entry in enumerate(entries):
        if "n" not in entry:
            continue
        key = entry["device"], entry["n"]
        if entry["what"] == "measured":
            found[key] = Measurement(*key, entry)
        elif entry["what"] == "offered":
            found[key].offered_s, found[key].place = seconds(entry["t"]), place
            value = entry["characteristic"], bytes.fromhex(entry["hex"])
            if value not in found[key].offered:
                found[key].offered.append(value)
        elif entry["what"] == "taken":
            found[key].taken_s.append(seconds(entry["t"]))
        elif entry["what"] == "missed":
            found[key].is_missed = True
    return found


class Check:
    """One comparison. lives: of the daemon, ascending. committed: stream -> the highest sequence that was found in its
    store, and up to which all must have come; without it, up to the newest that a message told of. window: of the uplink.
    hub_clock: how many seconds the hub's clock was behind at a stamp; without it, none. uncommitted_s: how long before a kill a
    value may have come that was not committed yet."""

    def __init__(self, entries, ledger, devices, lives=(), committed=None, window=STANDARD_WINDOW, hub_clock=None,
                 uncommitted_s=UNCOMMITTED_S):
        self.measurements, self.ledger, self.devices = measurements(entries), ledger, devices
        self.lives, self.committed, self.window = lives, committed or {}, window
        self.hub_clock, self.uncommitted_s = hub_clock or (lambda stamp: 0.0), uncommitted_s
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
        """By the device's clock, which is right, or else by the simulator's. A device without one cannot say how long it has kept
        what it gives."""
        if device.session_age_s:
            return self.start_s - device.session_age_s + 60 * measurement.entry["record"]
        text = measurement.entry.get("deviceTime")
        if not text:
            return measurement.offered_s
        return seconds(text + "Z" if device.clock_is_right else measurement.entry["t"])

    def check_accepted(self):
        """What was taken has arrived, or was in memory at a kill and not in the device's, or stands in a Loss."""
        excused = self.in_memory_at_a_kill()
        for measurement in self.measurements.values():
            self.figures["accepted"] += bool(measurement.taken_s)
            if measurement.arrived or not (measurement.taken_s or self.keeps(measurement)):
                continue
            if (measurement.device, measurement.number) in excused:
                self.figures["in memory at a kill"] += 1
            else:
                self.lost.append(measurement)
        if not self.are_named(collections.Counter(measurement.device for measurement in self.lost)):
            for measurement in self.lost:
                self.fault("lost", measurement)

    def keeps(self, measurement):
        return self.devices[measurement.device].keeps_records and not measurement.is_missed

    def in_memory_at_a_kill(self):
        """Measurements that a life of the daemon took from devices that do not keep them, and that died with it.

        BlueZ has confirmed a value to its device before the hub sees it, so such a device forgets what is not committed yet.
        Nothing else may be missing: a hub takes the values of a device in their order and tells how many it has accepted, so it
        is its last ones, behind all that it has accepted and all that has arrived; and none of them lies there for long."""
        given = collections.defaultdict(list)  # life, device -> what it was given, in that order
        for measurement in sorted(self.measurements.values(), key=lambda one: one.place):
            life = self.life_at(measurement.offered_s)
            if measurement.taken_s or measurement.arrived:
                given[life, measurement.device].append(measurement)
        excused = set()
        for number, life in enumerate(self.lives):
            for device in (name for name, one in self.devices.items() if not one.keeps_records):
                taken, accepted = given[number, device], life.accepted[device]
                if accepted > len(taken):
                    self.fault("lost", device, f"{accepted} values were accepted in one life, and {len(taken)} are known of")
                if life.store_gone_s is not None:
                    excused |= {(device, one.number) for one in taken if min(one.taken_s, default=0) >= life.store_gone_s}
                    continue
                first = max([accepted, *(at + 1 for at, one in enumerate(taken) if one.arrived)])
                excused |= {(device, one.number) for one in taken[first:] if self.was_lost_soon(life, one)}
        return excused

    def was_lost_soon(self, life, measurement):
        return all(any(0 <= lost_s - taken_s <= self.uncommitted_s for lost_s in life.lost_s)
                   for taken_s in measurement.taken_s)

    def are_named(self, lost):
        """lost: how many values of a device. A Loss excuses those of its device or of its priority, and no others."""
        values, rows = self.named_as_lost()
        self.figures["named as lost"] = values.total() + rows[ALL]
        of_rows, of_priority = lost - values, collections.Counter()
        for device, count in of_rows.items():
            of_priority[self.devices[device].priority] += count
        beyond = (of_priority - rows).total()
        return beyond <= rows[vocabulary_pb2.PRIORITY_UNSPECIFIED] and of_rows.total() <= rows[ALL]

    def named_as_lost(self):
        """How many values of a device, and how many rows of a priority. A Loss may name more than went, and what is left of
        that comes all the same."""
        values, lost = collections.Counter(), collections.defaultdict(consumer.RangeSet)
        for hub, present, body in self.ledger.db.execute("SELECT hub, stream, body FROM event WHERE kind = 'loss'"):
            event = event_pb2.Event.FromString(body)
            loss = event.loss
            # What has moved to another stream comes again there.
            if loss.uplink not in ("", self.ledger.uplink) or loss.reason == vocabulary_pb2.LOSS_MOVED:
                continue
            if not loss.ranges:
                values[event.device] += loss.count
            for priority, first, last in named_rows(loss):
                lost[priority, hub, self.ledger.stream_of(hub, present, loss)].add(first, last)
        rows = collections.Counter()
        for (priority, hub, name), ranges in lost.items():
            stream = self.ledger.streams.get((hub, name), consumer.Stream(""))
            last = max(stream.newest, self.committed.get(name, 0))
            rows[priority] += size([*ranges, *stream.received], last) - size(stream.received, last)
        return values, rows

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

    def life_at(self, at_s):
        """The place of the daemon's life that had begun last; -1 before the first."""
        return bisect.bisect_right([life.begin_s for life in self.lives], at_s) - 1

    def check_arrivals(self):
        """Order within a lane of a connection, and what came again although the broker had not asked for it."""
        seen, last = collections.defaultdict(consumer.RangeSet), {}
        repeated = collections.Counter()
        for at_s, hub, stream, number, lane, again, text in self.ledger.db.execute(
                "SELECT at_s, hub, stream, connection, lane, again, sequences FROM arrival ORDER BY number"):
            # A daemon that can write nothing counts in memory, and the next one begins with the same number.
            connection = number, self.life_at(at_s)
            sequences = [int(number) for number in text.split()]
            if lane == stream_pb2.LANE_REPLAY:
                self.figures["replayed"] += 1
            elif again:
                self.figures["repeated by the broker"] += 1
            else:
                key = hub, stream, connection, lane
                if any(b <= a for a, b in zip([last.get(key, 0), *sequences], sequences)):
                    self.fault("order", f"{hub}, connection {number}, {LANES.get(lane, lane)} lane",
                               f"{text} after {last.get(key, 0)}")
                last[key] = max(last.get(key, 0), *sequences)
                repeated[connection] += any(sequence in seen[hub, stream] for sequence in sequences)
            for sequence in sequences:
                seen[hub, stream].add(sequence, sequence)
        self.figures["raw duplicates"] = sum(repeated.values())
        self.figures["most raw duplicates of a connection"] = max(repeated.values(), default=0)
        for (number, _), count in repeated.items():
            if count > self.window + self.window // 2:
                self.fault("too many repetitions", f"connection {number}", f"{count} messages")


def check(entries, ledger, devices, **more):
    return Check(entries, ledger, devices, **more).run()
