"""The parts of the example consumer: its sets of ranges, its database, and when it asks for what is missing."""
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import ledger_consumer
from vitalgate.v1 import hub_pb2, stream_pb2, vocabulary_pb2

consumer = ledger_consumer.consumer
HUB, STREAM, ROOT = "hub-1", "abcdefghijklm", "vitalgate/v1/hub-1"


def reading(sequence, name=None, **more):
    record = stream_pb2.Record(sequence=sequence)
    record.reading.id, record.reading.device = name or f"reading-{sequence}", "cuff"
    for field, value in more.items():
        setattr(record.reading, field, value)
    return record


def loss(sequence, *ranges, uplink="", stream=STREAM):
    record = stream_pb2.Record(sequence=sequence)
    record.event.id = f"loss-{sequence}"
    record.event.loss.stream, record.event.loss.uplink = stream, uplink
    record.event.loss.reason = vocabulary_pb2.LOSS_QUOTA
    for first, last in ranges:
        record.event.loss.ranges.add(first=first, last=last)
        record.event.loss.count += last - first + 1
    return record


class RangeSet(unittest.TestCase):
    def test_it_is_at_all_times_what_a_set_of_numbers_is(self):
        chance = random.Random(5)
        for _ in range(300):
            spans, numbers = consumer.RangeSet(), set()
            for _ in range(chance.randint(1, 12)):
                first = chance.randint(1, 40)
                last = first + chance.randint(0, 6)
                begin, end = spans.add(first, last)
                numbers.update(range(first, last + 1))
                self.assertLessEqual(set(range(begin, end + 1)), numbers)
                self.assertFalse({begin - 1, end + 1} & numbers)
            self.assertEqual([n for first, last in spans for n in range(first, last + 1)], sorted(numbers))
            self.assertEqual({n for n in range(60) if n in spans}, numbers)
            self.assertEqual(spans.up_to(), next(n for n in range(60) if n + 1 not in numbers))
            for last in (0, 1, 20, 60):
                gaps = [n for begin, end in spans.missing(last) for n in range(begin, end + 1)]
                self.assertEqual(gaps, [n for n in range(1, last + 1) if n not in numbers])


class Ledger(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "consumer.db"
        self.open("care")

    def open(self, uplink=""):
        self.ledger = consumer.Ledger(self.path, uplink)
        self.addCleanup(self.ledger.db.close)

    def take(self, *records, newest=0, oldest_held=1, stream=STREAM):
        newest = newest or max(record.sequence for record in records)
        return self.ledger.take(ROOT, stream_pb2.Batch(hub=HUB, stream=stream, newest=newest, oldest_held=oldest_held,
                                                       records=records))

    def stored(self, table="reading"):
        return [row[0] for row in self.ledger.db.execute(f"SELECT id FROM {table} ORDER BY id")]

    def stream(self, name=STREAM):
        return self.ledger.streams[HUB, name]

    def report(self):
        self.ledger.db.close()
        run = subprocess.run([sys.executable, consumer.__file__, "--database", self.path, "--report"], capture_output=True,
                             text=True, check=False)
        return run.returncode, run.stdout

    def test_what_comes_again_is_stored_once_and_counted(self):
        self.assertEqual(self.take(reading(1), reading(2)), [])
        self.assertEqual(self.take(reading(2), reading(3)), [])
        self.assertEqual(self.stored(), ["reading-1", "reading-2", "reading-3"])
        self.assertEqual((self.stream().duplicates, self.stream().up_to(), self.stream().missing()), (1, 3, []))

    def test_what_was_taken_is_there_after_a_start(self):
        self.take(reading(1), reading(4), loss(5, (2, 2)), newest=9, oldest_held=1)
        before = self.stream()
        self.open("care")
        after = self.stream()
        for name in ("root", "newest", "oldest_held", "duplicates"):
            self.assertEqual(getattr(after, name), getattr(before, name))
        self.assertEqual([list(after.received), list(after.lost)], [[(1, 1), (4, 5)], [(2, 2)]])
        self.assertEqual(self.ledger.current, {HUB: STREAM})

    def test_nothing_of_a_message_is_kept_when_it_cannot_be_stored_whole(self):
        self.take(reading(1))
        self.ledger.db.execute("CREATE TRIGGER full BEFORE INSERT ON reading WHEN new.sequence = 3 "
                               "BEGIN SELECT RAISE(ABORT, 'full'); END")
        with self.assertRaises(consumer.sqlite3.Error):
            self.take(reading(2), reading(3))
        self.open()
        self.assertEqual((self.stored(), self.stream().up_to(), self.stream().newest), (["reading-1"], 1, 1))

    def test_two_contents_under_one_sequence(self):
        self.take(reading(1, subject="p-1"))
        self.assertEqual(len(self.take(reading(1, subject="p-2"))), 1)
        self.assertEqual(len(self.take(reading(1, "another"))), 1)
        self.assertEqual(self.stored(), ["reading-1"])
        code, text = self.report()
        self.assertEqual((code, "contradictions: 2" in text), (3, True))

    def test_two_contents_under_one_id(self):
        self.take(reading(1, "a", subject="p-1"))
        self.assertEqual(self.take(reading(2, "a", subject="p-1")), [], "read again by the hub")
        self.assertEqual(len(self.take(reading(3, "a", subject="p-2"))), 1)
        self.assertEqual(self.stream().up_to(), 3, "it is accounted for all the same")

    def test_a_device_that_is_read_again_into_a_new_store_gives_the_same_measurement(self):
        self.take(reading(1, "a", device_time="2026-11-23T08:00:00"))
        again = reading(1, "a", device_time="2026-11-23T08:00:00")
        again.reading.received.time.seconds, again.reading.measured.seconds = 1000, 999
        again.reading.source.rssi_dbm = -70
        self.assertEqual(self.take(again, stream="nnnnnnnnnnnnn"), [])
        again.reading.device_time = "2026-11-23T08:00:01"
        again.sequence = 2
        self.assertEqual(len(self.take(again, stream="nnnnnnnnnnnnn")), 1)

    def test_of_a_measurement_that_was_read_in_part_and_as_a_whole_the_whole_stays(self):
        part, whole = reading(1, "a", partial=True), reading(2, "a", subject="")
        part.reading.observations.add(code="glucose", value=100)
        whole.reading.observations.add(code="glucose", value=100)
        whole.reading.observations.add(code="meal", value=1)
        for records in ((part, whole), (whole, part)):
            self.ledger.db.execute("DELETE FROM reading")
            for name, record in zip("mn", records):
                self.assertEqual(self.take(record, stream=name + str(records[0].sequence)), [])
            body, = self.ledger.db.execute("SELECT body FROM reading").fetchone()
            self.assertEqual(body, whole.reading.SerializeToString())
        part.sequence, part.reading.observations[0].value = 3, 101
        self.assertEqual(len(self.take(part, stream="m1")), 1)

    def test_events_and_results(self):
        records = [stream_pb2.Record(sequence=sequence) for sequence in range(1, 6)]
        for record in records[:2]:
            record.result.command_id, record.result.state = "c-1", vocabulary_pb2.COMMAND_RUNNING
        records[1].result.state = vocabulary_pb2.COMMAND_DONE
        for record in records[2:4]:  # requests that could not be read
            record.result.state = vocabulary_pb2.COMMAND_REFUSED
        records[4].event.id = "e-1"
        self.assertEqual(self.take(*records), [])
        self.assertEqual((len(self.stored("result")), self.stored("event")), (4, ["e-1"]))

    def test_a_body_of_a_later_release_is_kept_and_counted(self):
        record = stream_pb2.Record.FromString(bytes((8, 1, 9 << 3 | 2, 3)) + b"new")
        self.take(record, reading(2))
        body, = self.ledger.db.execute("SELECT body FROM unknown").fetchone()
        self.assertEqual((body, self.stream().up_to()), (record.SerializeToString(), 2))

    def test_a_reading_that_replaces_another_in_either_order(self):
        self.take(reading(1, "partial"), reading(2, "whole", amends="partial"), reading(3, "other"),
                  reading(4, "later", amends="early"), reading(5, "early"))
        self.assertEqual(self.stored(), ["early", "later", "other", "partial", "whole"])
        self.assertEqual(self.stored("current_reading"), ["later", "other", "whole"])

    def test_a_loss_explains_a_gap_here_and_elsewhere_it_does_not(self):
        self.take(reading(1), loss(6, (2, 3)), loss(7, (4, 4), uplink="elsewhere"), loss(8, (5, 5), uplink="care"))
        self.assertEqual(self.stream().missing(), [(4, 4)])
        self.assertEqual(self.stream().up_to(), 3)
        code, text = self.report()
        self.assertEqual(code, 1)
        self.assertIn("up to 3 of 8, 0 duplicates\n  missing: 4\n  LOSS_QUOTA: 2 records, 2–3\n"
                      "  LOSS_QUOTA: 1 records, 4, uplink elsewhere\n", text)

    def test_a_loss_that_cannot_name_its_stream_is_of_the_one_before(self):
        self.take(reading(1), newest=3)
        self.take(loss(1, (1, 0), stream=""), stream="nnnnnnnnnnnnn")
        self.assertEqual((self.stream().missing(), self.stream("nnnnnnnnnnnnn").missing()), ([], []))
        self.take(reading(1), loss(2, (1, 0), stream=""), stream="ooooooooooooo")
        code, text = self.report()
        self.assertEqual((code, text.count("LOSS_QUOTA")), (0, 2))
        self.assertIn(f"{STREAM}: up to 3 of 3, 0 duplicates\n  missing: none\n  LOSS_QUOTA", text)

    def test_a_loss_without_a_stream_is_of_none_where_no_stream_was_before(self):
        self.assertEqual(self.take(loss(1, (1, 0), stream=""), reading(3)), [])
        self.assertEqual(self.stream().missing(), [(2, 2)])

    def test_what_is_named_in_a_widened_loss_and_arrives_is_stored(self):
        self.take(reading(1), loss(9, (2, 8)))
        self.take(reading(5))
        self.assertEqual((self.stream().up_to(), self.stream().duplicates, len(self.stored())), (9, 0, 2))

    def test_the_loss_of_an_older_stream(self):
        self.take(reading(1), newest=7)
        moved = loss(2, (2, 6), stream=STREAM)
        moved.event.loss.ranges.add(first=7)  # to the end
        self.take(reading(1, "new"), moved, stream="nnnnnnnnnnnnn")
        self.assertEqual((self.stream().missing(), self.stream().up_to()), ([], 7))
        self.assertEqual(self.ledger.current, {HUB: "nnnnnnnnnnnnn"})
        self.assertEqual(self.report()[0], 0)

    def test_the_status_shows_a_missing_end(self):
        self.take(reading(1))
        self.ledger.take_status(ROOT, hub_pb2.HubStatus(hub=HUB, stream=STREAM, newest=3, oldest_held=1))
        self.assertEqual(self.stream().missing(), [(2, 3)])

    def test_a_receipt_says_what_is_stored(self):
        self.take(reading(1), reading(2), reading(5), loss(7, (9, 11)), newest=10)
        receipt = self.ledger.receipt(HUB)
        self.assertEqual((receipt.hub, receipt.stream, receipt.up_to), (HUB, STREAM, 2))
        self.assertEqual([(r.first, r.last) for r in receipt.stored], [(5, 5), (7, 7), (9, 10)])
        self.assertEqual(len(receipt.missing), 0)

    def test_a_gap_report_asks_for_what_is_not(self):
        self.take(reading(1), reading(5))
        report = self.ledger.gap_report(HUB, self.stream().missing())
        self.assertEqual((report.hub, report.stream, report.up_to), (HUB, STREAM, 0))
        self.assertEqual([(r.first, r.last) for r in report.missing], [(2, 4)])

    def test_neither_has_more_ranges_than_a_hub_takes(self):
        self.take(*(reading(sequence) for sequence in range(11, 3000, 2)))
        self.assertEqual(len(self.ledger.receipt(HUB).stored), 256)
        self.assertEqual(len(self.ledger.gap_report(HUB, self.stream().missing()).missing), 256)


class GapWatch(unittest.TestCase):
    def test_a_gap_is_asked_for_when_it_stayed_and_again_after_the_same_time(self):
        watch = consumer.GapWatch(60)
        self.assertEqual(watch.due(HUB, [(3, 4)], 100), [])
        self.assertEqual(watch.due(HUB, [(3, 4)], 159), [])
        self.assertEqual(watch.due(HUB, [(3, 4), (9, 9)], 160), [(3, 4)])
        self.assertEqual(watch.due(HUB, [(3, 4), (9, 9)], 161), [])
        self.assertEqual(watch.due(HUB, [(3, 4), (9, 9)], 220), [(3, 4), (9, 9)])

    def test_what_still_drains_is_not_asked_for(self):
        watch = consumer.GapWatch(60)
        for now_s in range(0, 600, 10):
            self.assertEqual(watch.due(HUB, [(10 + now_s, 5000)], now_s), [])

    def test_each_hub_has_gaps_of_its_own(self):
        watch = consumer.GapWatch(60)
        watch.due(HUB, [(3, 4)], 0)
        watch.due("hub-2", [(3, 4)], 30)
        self.assertEqual(watch.due("hub-2", [], 60), [])
        self.assertEqual(watch.due(HUB, [(3, 4)], 60), [(3, 4)])


if __name__ == "__main__":
    unittest.main()
