"""The oracle sees what it must: a house in which all is well has no faults, and each fault that is put in is found, and no
other."""
import collections
import datetime
import time
import unittest

import ledger_check
import ledger_consumer
from vitalgate.v1 import event_pb2, hub_pb2, stream_pb2, vocabulary_pb2

HUB, STREAM, ROOT = "hub-1", "abcdefghijklm", "vitalgate/v1/hub-1"
START = datetime.datetime(2026, 11, 23, 8, 0, tzinfo=datetime.timezone.utc)
DEVICES = {
    "cuff": ledger_check.Device(slots={1: "p-1", 2: "p-2"}),
    "meter": ledger_check.Device(person="p-2", keeps_records=True),
    "strap": ledger_check.Device(priority=vocabulary_pb2.PRIORITY_SERIES),
}


def at(second):
    return START + datetime.timedelta(seconds=second)


def date_time(moment):
    return moment.year.to_bytes(2, "little") + bytes((moment.month, moment.day, moment.hour, moment.minute, moment.second))


class House:
    """Measurements of three devices as the simulator tells of them, and the records that a hub makes of them."""

    def __init__(self):
        self.entries = []
        self.records = [self.record(1)]
        self.records[0].event.id = "event-1"
        self.records[0].event.store.kind = vocabulary_pb2.STORE_STREAM_STARTED
        for number in range(1, 5):
            self.measure_pressure(number)
            self.measure_glucose(number)
            self.measure_rate(number)

    @staticmethod
    def record(sequence):
        return stream_pb2.Record(sequence=sequence)

    def measure_pressure(self, number):
        systolic, user, moment = 120 + number, 1 + number % 2, at(10 * number)
        payload = (bytes((0x06, systolic, 0, 80, 0, 90, 0)) + date_time(moment) + bytes((60, 0)))
        self.measure("cuff", number, "2A35", payload, moment, user=user)
        reading = self.add("cuff", "2A35", payload, moment, ("p-1", "p-2")[user - 1])
        for code, value in (("SYS", systolic), ("DIA", 80), ("MEAN", 90)):
            reading.observations.add(code=f"MDC_PRESS_BLD_NONINV_{code}", value=value, unit="mm[Hg]")
        reading.observations.add(code="MDC_PULS_RATE_NON_INV", value=60, unit="/min")

    def measure_glucose(self, number):
        moment = at(10 * number + 1)
        payload = bytes((0x02, number, 0)) + date_time(moment) + bytes((100 + number, 0xB0, 0x11))
        self.measure("meter", number, "2A18", payload, moment, record=number)
        reading = self.add("meter", "2A18", payload, moment, "p-2")
        reading.source.record_number = number
        reading.observations.add(code="MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD", value=100 + number, unit="mg/dL")

    def measure_rate(self, number):
        """It says the same each time, and not when."""
        moment = at(10 * number + 2)
        self.measure("strap", number, "2A37", bytes((0, 70)), moment)
        self.add("strap", "2A37", bytes((0, 70)), moment, "").observations.add(code="MDC_ECG_HEART_RATE", value=70)

    def measure(self, device, number, characteristic, payload, moment, **more):
        text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if device != "strap":
            more["deviceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%S")
        about = {"t": text, "device": device, "n": number}
        self.entries += [about | {"what": "measured"} | more,
                         about | {"what": "offered", "characteristic": characteristic, "hex": payload.hex()},
                         about | {"what": "taken", "characteristic": characteristic}]

    def add(self, device, characteristic, payload, moment, person):
        record = self.record(len(self.records) + 1)
        record.reading.id, record.reading.device = f"{device}-{record.sequence}", device
        record.reading.subject = person
        record.reading.measured.FromDatetime(moment.replace(tzinfo=None))
        record.reading.received.time.FromDatetime(moment.replace(tzinfo=None))
        record.reading.source.raw.add(characteristic=characteristic, value=payload)
        self.records.append(record)
        return record.reading

    def find(self, device, at_index=1):
        return [record for record in self.records if record.reading.device == device][at_index]

    def remove(self, record):
        """As if it had never been given a sequence: the stream has no gap."""
        self.records.remove(record)
        for sequence, one in enumerate(self.records, 1):
            one.sequence = sequence


class LedgerCheck(unittest.TestCase):
    def setUp(self):
        self.house = House()
        self.set_up_ledger()

    def set_up_ledger(self):
        self.ledger = ledger_consumer.TracingLedger(":memory:")
        self.addCleanup(self.ledger.db.close)

    def connect(self, number):
        status = hub_pb2.HubStatus(hub=HUB, stream=STREAM, connection=number, state=vocabulary_pb2.HUB_ONLINE)
        self.ledger.take_status(ROOT, status)

    def send(self, *records, lane=stream_pb2.LANE_LIVE, newest=None, again=False):
        newest = newest or max(record.sequence for record in self.house.records)
        self.ledger.take(ROOT, stream_pb2.Batch(hub=HUB, stream=STREAM, newest=newest, lane=lane, records=records), again)

    def send_each(self, records=None):
        for record in records or self.house.records:
            self.send(record)

    def faults(self, **more):
        """The first words of what was found."""
        findings = ledger_check.check(self.house.entries, self.ledger, DEVICES, **more)
        self.figures = findings.figures
        return {fault.split(":")[0] for fault in findings.faults}

    def assert_faults(self, *expected, **more):
        self.assertEqual(self.faults(**more), set(expected))

    def test_a_house_in_which_all_is_well(self):
        self.connect(1)
        self.send_each()
        self.assert_faults(committed={STREAM: len(self.house.records)})
        self.assertEqual((self.figures["accepted"], self.figures["received"], self.figures["raw duplicates"]), (12, 12, 0))

    def test_backlog_beside_live_and_what_a_new_connection_repeats(self):
        records = self.house.records
        self.connect(1)
        self.send_each(records[8:10])
        self.send(*records[:5], lane=stream_pb2.LANE_BACKLOG)
        self.send(records[10])
        self.connect(2)
        self.send(*records[3:8], lane=stream_pb2.LANE_BACKLOG)
        self.send_each(records[10:])
        self.send(records[12], again=True)
        self.send(*records[2:4], lane=stream_pb2.LANE_REPLAY)
        self.assert_faults()
        self.assertEqual((self.figures["raw duplicates"], self.figures["repeated by the broker"], self.figures["replayed"]),
                         (2, 1, 1))

    def test_a_number_of_a_connection_that_a_life_takes_again(self):
        """It could not be written down. In the same life the numbers of two connections differ."""
        records = self.house.records
        self.connect(1)
        self.send(*records[:8], lane=stream_pb2.LANE_BACKLOG)
        between_s = time.time()
        self.connect(1)
        self.send(*records[4:], lane=stream_pb2.LANE_BACKLOG)
        self.assert_faults(lives=[ledger_check.Life(0), ledger_check.Life(between_s)])
        self.assert_faults("order", lives=[ledger_check.Life(0)])

    def test_a_lost_reading(self):
        self.house.remove(self.house.find("cuff"))
        self.send_each()
        self.assert_faults("lost")

    def test_a_record_of_a_device_that_nobody_fetched(self):
        self.house.remove(self.house.find("meter", 3))
        self.house.entries = [entry for entry in self.house.entries
                              if (entry["device"], entry["n"]) != ("meter", 4) or entry["what"] == "measured"]
        self.send_each()
        self.assert_faults("lost")

    def test_what_was_in_memory_at_a_kill_is_no_loss(self):
        self.house.remove(self.house.find("strap", 3))
        self.send_each()
        self.assert_faults(lives=[self.life(0, at(43))])
        self.assertEqual(self.figures["in memory at a kill"], 1)
        self.assert_faults("lost", lives=[self.life(0, at(41.9))])
        self.assert_faults("lost", lives=[self.life(0, at(60))])

    @staticmethod
    def life(begin, *killed, **accepted):
        """begin: second of the house."""
        return ledger_check.Life(at(begin).timestamp(), [moment.timestamp() for moment in killed], collections.Counter(accepted))

    def test_what_was_in_memory_of_a_life_that_ended_well(self):
        self.house.remove(self.house.find("strap", 3))
        self.send_each()
        self.assert_faults("lost", lives=[self.life(0), self.life(42.5, at(43))])

    def test_what_was_accepted_before_a_kill(self):
        self.house.remove(self.house.find("strap", 3))
        self.send_each()
        self.assert_faults(lives=[self.life(0, at(43), strap=3)])
        self.assert_faults("lost", lives=[self.life(0, at(43), strap=4)])
        self.assert_faults(lives=[self.life(0), self.life(41, at(43))])
        self.assert_faults("lost", lives=[self.life(0), self.life(41, at(43), strap=1)])

    def test_what_was_accepted_before_a_kill_and_not_told_to_be_taken(self):
        self.house.remove(self.house.find("strap", 3))
        self.house.entries = [entry for entry in self.house.entries
                              if (entry["device"], entry["n"], entry["what"]) != ("strap", 4, "taken")]
        self.send_each()
        self.assert_faults(lives=[self.life(0, at(43), strap=3)])
        self.assert_faults("lost", lives=[self.life(0, at(43), strap=4)])

    def test_what_went_with_its_store(self):
        """Accepted or not, of devices that do not keep it; and nothing from before."""
        gone = self.life(0, strap=4)
        gone.store_gone_s = at(32).timestamp()
        for device, number, faults in (("strap", 2, set()), ("strap", 1, {"lost"}), ("meter", 3, {"lost"})):
            with self.subTest(device=device, number=number):
                self.setUp()
                self.house.remove(self.house.find(device, number))
                self.send_each()
                self.assert_faults(*faults, lives=[gone, self.life(45)])

    def test_what_was_before_something_that_arrived(self):
        self.house.remove(self.house.find("strap", 2))
        self.send_each()
        self.assert_faults("lost", lives=[self.life(0, at(33))])
        self.assert_faults("lost", lives=[self.life(0, at(33), at(43))])
        self.assert_faults(lives=[self.life(0, at(33)), self.life(40)])

    def test_what_was_in_memory_at_a_kill_and_still_is_in_the_devices(self):
        self.house.remove(self.house.find("meter", 3))
        self.send_each()
        self.assert_faults("lost", lives=[self.life(0, at(43))])

    def loss(self, *ranges, **more):
        """The record of one, as the newest of the stream."""
        record = self.house.record(len(self.house.records) + 1)
        record.event.id = "event-2"
        record.event.loss.CopyFrom(event_pb2.Loss(stream=STREAM if ranges else "", **more))
        for first, last in ranges:
            record.event.loss.ranges.add(first=first, last=last)
        return record

    def test_what_a_loss_names_is_no_loss(self):
        for priority in (vocabulary_pb2.PRIORITY_SERIES, vocabulary_pb2.PRIORITY_UNSPECIFIED):
            with self.subTest(priority=priority):
                self.setUp()
                lost = self.house.find("strap", 1)
                loss = self.loss((lost.sequence, lost.sequence), count=1, priority=priority)
                self.send_each([record for record in self.house.records if record is not lost])
                self.send(loss, newest=loss.sequence)
                self.assert_faults()
                self.assertEqual(self.figures["named as lost"], 1)

    def test_a_loss_of_an_event_is_no_excuse(self):
        """Nor is one of a reading for a value of a strap, which gives way before it."""
        alarm = self.house.record(2)
        alarm.event.id = "event-3"
        self.house.records.insert(1, alarm)
        self.house.remove(self.house.find("strap", 3))
        started, pressure = self.house.records[0], self.house.find("cuff")
        for lost, priority, faults in (([started], vocabulary_pb2.PRIORITY_ALARM, {"lost"}),
                                       ([started, alarm], vocabulary_pb2.PRIORITY_ALARM, {"lost"}),
                                       ([pressure], vocabulary_pb2.PRIORITY_READING, {"lost"}),
                                       ([alarm], vocabulary_pb2.PRIORITY_SERIES, set())):
            with self.subTest(lost=len(lost), priority=priority):
                self.set_up_ledger()
                loss = self.loss((lost[0].sequence, lost[-1].sequence), count=len(lost), priority=priority)
                self.send_each([record for record in self.house.records if record not in lost])
                self.send(loss, newest=loss.sequence)
                self.assert_faults(*faults)

    def test_the_loss_of_a_loss(self):
        """What that named nobody knows: all before it is named, and what is kept comes."""
        for count, faults in ((1, set()), (2, {"lost"})):
            with self.subTest(lost=count):
                self.setUp()
                lost = [self.house.find("strap", number) for number in range(1, 1 + count)]
                for record in lost[1:]:
                    self.house.remove(record)
                told = self.house.record(len(self.house.records) + 1)
                self.house.records.append(told)
                loss = self.loss((1, told.sequence), count=1, priority=vocabulary_pb2.PRIORITY_ALARM)
                self.send_each([record for record in self.house.records if record not in (lost[0], told)])
                self.send(loss, newest=loss.sequence)
                self.assert_faults(*faults)

    def test_a_loss_of_values_of_a_device(self):
        """They had no sequence, and it excuses no other device."""
        for lost, faults in (("strap", set()), ("cuff", {"lost"})):
            with self.subTest(lost=lost):
                self.setUp()
                self.house.remove(self.house.find(lost))
                loss = self.loss(count=1, reason=vocabulary_pb2.LOSS_INTAKE_CLOSED)
                loss.event.device = "strap"
                self.send_each()
                self.send(loss, newest=loss.sequence)
                self.assert_faults(*faults)
                self.assertEqual(self.figures["named as lost"], 1)

    def test_a_loss_of_fewer_values_than_went(self):
        for number in (2, 3):
            self.house.remove(self.house.find("strap", number - 1))
        loss = self.loss(count=1, reason=vocabulary_pb2.LOSS_FLOOD)
        loss.event.device = "strap"
        self.send_each()
        self.send(loss, newest=loss.sequence)
        self.assert_faults("lost")

    def test_a_loss_that_names_more_than_went(self):
        """What is kept inside its ranges comes, and is no excuse for something else."""
        lost = self.house.find("strap", 1)
        self.house.remove(self.house.find("strap", 3))
        loss = self.loss((lost.sequence - 3, lost.sequence), count=2)
        self.send_each([record for record in self.house.records if record is not lost])
        self.send(loss, newest=loss.sequence)
        self.assert_faults("lost")
        self.assertEqual(self.figures["named as lost"], 1)

    def test_a_loss_that_goes_to_the_end(self):
        """Of the stream, as far as its store had given it out."""
        self.send_each(self.house.records[:-1])
        loss = self.house.record(1)
        loss.event.id, loss.event.loss.stream = "event-2", STREAM
        loss.event.loss.ranges.add(first=2, last=0)
        self.ledger.take(ROOT, stream_pb2.Batch(hub=HUB, stream="nopqrstuvwxyz", newest=1, lane=stream_pb2.LANE_LIVE,
                                                records=[loss]))
        self.assert_faults()
        self.assertEqual(self.figures["named as lost"], 1)

    def test_the_loss_of_another_uplink(self):
        lost = self.house.find("strap", 1)
        loss = self.loss((lost.sequence, lost.sequence), count=1, uplink="elsewhere")
        self.send_each([record for record in self.house.records if record is not lost])
        self.send(loss, newest=loss.sequence)
        self.assert_faults("gap", "lost")

    def test_an_invented_reading(self):
        self.house.find("cuff").reading.source.raw[0].value = bytes((0x06, 99, 0, 60, 0, 70, 0)) + bytes(9)
        self.send_each()
        self.assert_faults("invented", "lost")

    def test_an_invented_reading_of_a_device_that_says_the_same_each_time(self):
        self.house.add("strap", "2A37", bytes((0, 70)), at(42.5), "").observations.add(code="MDC_ECG_HEART_RATE", value=70)
        self.send_each()
        self.assert_faults("doubled")

    def test_a_measurement_under_two_ids(self):
        self.house.records.append(self.house.record(len(self.house.records) + 1))
        self.house.records[-1].reading.CopyFrom(self.house.find("meter").reading)
        self.house.records[-1].reading.id = "another"
        self.send_each()
        self.assert_faults("doubled")

    def test_a_reading_that_replaces_another_is_not_doubled(self):
        self.house.records.append(self.house.record(len(self.house.records) + 1))
        self.house.records[-1].reading.CopyFrom(self.house.find("meter").reading)
        self.house.records[-1].reading.id = "whole"
        self.house.records[-1].reading.amends = self.house.find("meter").reading.id
        self.send_each()
        self.assert_faults()

    def test_two_contents_under_one_id(self):
        self.house.records.append(self.house.record(len(self.house.records) + 1))
        self.house.records[-1].reading.CopyFrom(self.house.find("meter").reading)
        self.house.records[-1].reading.observations[0].value += 1
        self.send_each()
        self.assert_faults("contradiction")

    def test_a_reused_sequence(self):
        self.send_each()
        other = self.house.record(5)
        other.reading.CopyFrom(self.house.records[5].reading)
        self.send(other)
        self.assertIn("contradiction", self.faults())

    def test_a_gap_without_a_loss(self):
        self.send_each([record for record in self.house.records if record.sequence != 7])
        self.assert_faults("gap", "lost")

    def test_a_missing_end(self):
        self.send_each([*self.house.records])
        self.send(self.house.records[-1], newest=20)
        self.assertIn("gap", self.faults())

    def test_an_end_that_was_committed_and_forgotten(self):
        self.send_each()
        self.assert_faults("gap", committed={STREAM: len(self.house.records) + 1})
        self.assert_faults("gap", committed={"another": 1})

    def test_a_sequence_beyond_the_newest(self):
        for record in self.house.records:
            self.send(record, newest=4)
        self.assert_faults("beyond the newest")

    def test_wrong_order_in_a_lane(self):
        for lane in (stream_pb2.LANE_LIVE, stream_pb2.LANE_BACKLOG):
            with self.subTest(lane=lane):
                self.set_up_ledger()
                records = [*self.house.records]
                records[3], records[4] = records[4], records[3]
                for record in records:
                    self.send(record, lane=lane)
                self.assert_faults("order")

    def test_wrong_order_within_a_batch(self):
        self.send(*reversed(self.house.records), lane=stream_pb2.LANE_BACKLOG)
        self.assert_faults("order")

    def test_a_wrong_value(self):
        for device in DEVICES:
            with self.subTest(device=device):
                self.setUp()
                self.house.find(device).reading.observations[0].value += 0.1
                self.send_each()
                self.assert_faults("wrong value")

    def test_a_missing_value(self):
        del self.house.find("cuff").reading.observations[1]
        self.send_each()
        self.assert_faults("wrong value")

    def test_a_wrong_person(self):
        for person in ("p-2", "", "p-3"):
            with self.subTest(person=person):
                self.setUp()
                self.house.find("cuff").reading.subject = person
                self.send_each()
                self.assert_faults("wrong person")

    def test_a_wrong_time(self):
        self.house.find("cuff").reading.measured.seconds += 3600
        self.house.find("strap").reading.measured.seconds -= 4
        self.send_each()
        self.assert_faults("wrong time")

    def test_a_device_without_a_clock_gives_later_what_it_has_kept(self):
        reading = self.house.find("strap").reading
        for entry in self.house.entries:
            if (entry["device"], entry["n"]) == ("strap", 2) and entry["what"] != "measured":
                entry["t"] = (reading.received.time.ToDatetime() + datetime.timedelta(seconds=10)).isoformat() + "Z"
        self.send_each()
        self.assert_faults("wrong time")
        self.set_up_ledger()
        reading.received.time.seconds += 10
        reading.measured.seconds += 10
        self.send_each()
        self.assert_faults()

    def test_a_wrong_record_number(self):
        self.house.find("meter").reading.source.record_number = 77
        self.send_each()
        self.assert_faults("wrong record number")

    def test_too_many_repetitions(self):
        self.connect(1)
        self.send_each()
        for number in (2, 3):
            self.connect(number)
            self.send_each(self.house.records[2:8])
        self.assert_faults(window=4)
        self.assert_faults("too many repetitions", window=3)


if __name__ == "__main__":
    unittest.main()
