"""The example consumer at a broker: what it stores, acknowledges, confirms and complains of."""
import contextlib
import signal
import sqlite3
import subprocess
import sys
import unittest

import harness
import ledger_consumer
import security_test
from vitalgate.v1 import stream_pb2

HUB, STREAM = "hub-1", "abcdefghijklm"
ROOT = f"vitalgate/v1/{HUB}"


def batch(*sequences, newest=None, hub=HUB):
    message = stream_pb2.Batch(hub=hub, stream=STREAM, oldest_held=1, newest=newest or max(sequences),
                               lane=stream_pb2.LANE_LIVE)
    for sequence in sequences:
        message.records.add(sequence=sequence).reading.id = f"reading-{sequence}"
    return message.SerializeToString()


class ConsumerAtABroker(harness.HubTest):
    def start_consumer(self, *more, port=None):
        return self.start("consumer", [
            sys.executable, ledger_consumer.__file__, "--database", self.folder / "consumer.db", "--host", "127.0.0.1",
            "--port", port or self.port, *more])

    def wait_session(self, broker):
        broker.wait_line("consumer 1 vitalgate/v1/+/batches")

    def publish(self, payload, topic=f"{ROOT}/batches"):
        self.service.publish(topic, payload)

    def stored(self):
        with contextlib.closing(sqlite3.connect(self.folder / "consumer.db", timeout=10)) as store:
            return [row[0] for row in store.execute("SELECT sequence FROM reading ORDER BY sequence")]

    def start_all(self, *more):
        self.broker = self.start_broker()
        self.service = self.subscribe()
        consumer = self.start_consumer(*more)
        self.wait_session(self.broker)
        return consumer

    def test_what_is_published_is_stored_and_the_end_is_clean(self):
        consumer = self.start_all()
        self.publish(batch(1, 2))
        consumer.wait_line("up to 2 of 2")
        for how, sequence in ((signal.SIGTERM, 3), (signal.SIGINT, 4)):
            self.assertEqual(consumer.stop(how)[0], 0, consumer.output())
            self.publish(batch(sequence))
            consumer = self.start_consumer()
            consumer.wait_line(f"up to {sequence} of {sequence}")
        self.assertEqual(self.stored(), [1, 2, 3, 4])

    def test_what_could_not_be_stored_is_not_acknowledged(self):
        consumer = self.start_all()
        self.publish(batch(1))
        consumer.wait_line("up to 1 of 1")
        with contextlib.closing(sqlite3.connect(self.folder / "consumer.db", timeout=10)) as store:
            store.executescript("CREATE TRIGGER full BEFORE INSERT ON reading BEGIN SELECT RAISE(ABORT, 'no room'); END")
        self.publish(batch(2))
        self.assertEqual(consumer.wait_end(), 1)
        self.assertIn("no room", consumer.output())
        with contextlib.closing(sqlite3.connect(self.folder / "consumer.db", timeout=10)) as store:
            store.executescript("DROP TRIGGER full")
        self.start_consumer().wait_line("up to 2 of 2")
        self.assertEqual(self.stored(), [1, 2])

    def test_receipts_and_gap_reports(self):
        consumer = self.start_all("--receipts", "--gap-after", "0.5")
        self.publish(batch(1, 2, 5, newest=6))
        consumer.wait_line("up to 2 of 6")

        def receipts(messages):
            return [stream_pb2.Receipt.FromString(m.payload) for m in messages if m.topic == f"{ROOT}/receipts"]
        first = self.service.messages.wait(lambda messages: next(iter(receipts(messages)), None), "a receipt")
        self.assertEqual((first.hub, first.stream, first.up_to), (HUB, STREAM, 2))
        self.assertEqual([(r.first, r.last) for r in first.stored], [(5, 5)])
        asked = self.service.messages.wait(
            lambda messages: next((r for r in receipts(messages) if r.missing), None), "a gap report")
        self.assertEqual([(r.first, r.last) for r in asked.missing], [(3, 4), (6, 6)])
        self.publish(batch(3, 4, 6))
        self.service.messages.wait(lambda messages: any(r.up_to == 6 for r in receipts(messages)), "everything is stored")
        message = next(m for m in self.service.messages.snapshot() if m.topic == f"{ROOT}/receipts")
        self.assertEqual((message.qos, message.retain, message.properties.MessageExpiryInterval), (1, 0, 3600))

    def test_who_speaks_for_another_hub_and_what_cannot_be_read_is_kept_apart(self):
        consumer = self.start_all()
        self.publish(batch(1, hub="hub-2"))
        self.publish(b"\xff\xff\xff")
        self.publish(stream_pb2.Batch(hub=HUB).SerializeToString())
        self.publish(batch(1))
        consumer.wait_line("up to 1 of 1")
        self.assertEqual(consumer.stop()[0], 3)
        self.assertEqual(consumer.output().count("kept in table contradiction"), 3)
        report = subprocess.run([sys.executable, ledger_consumer.consumer.__file__, "--database",
                                 self.folder / "consumer.db", "--report"], capture_output=True, text=True, check=False)
        self.assertEqual(report.returncode, 3)
        self.assertIn(f"{HUB} stream {STREAM}: up to 1 of 1, 0 duplicates\n  missing: none\ncontradictions: 3\n", report.stdout)

    def test_certificates_and_a_password(self):
        authority = security_test.Authority(self.folder, "care-ca")
        server, key = authority.issue("broker", "localhost", "DNS:localhost")
        own, own_key = authority.issue("ingest", "care-ingest")
        passwords, tls_port = self.folder / "passwords", harness.free_port()
        subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "care-ingest", "right horse"], check=True,
                       capture_output=True)
        broker = self.start_broker(
            f"per_listener_settings true\nallow_anonymous true\nlistener {tls_port}\nallow_anonymous false\n"
            f"password_file {passwords}\ncafile {authority.certificate}\ncertfile {server}\nkeyfile {key}\n"
            "require_certificate true\n")
        self.service = self.subscribe()
        secret = self.folder / "password"
        arguments = ("--ca", authority.certificate, "--cert", own, "--key", own_key, "--user", "care-ingest",
                     "--password-file", secret)
        secret.write_text("wrong horse\n")
        refused = self.start_consumer("--host", "localhost", *arguments, port=tls_port)
        refused.wait_line("the broker refuses: Not authorized")
        self.assertEqual(refused.stop()[0], 0)
        secret.write_text("right horse\n")
        elsewhere = self.start_consumer(*arguments, port=tls_port)
        elsewhere.wait_line("IP address mismatch")
        elsewhere.stop()
        consumer = self.start_consumer("--host", "localhost", *arguments, port=tls_port)
        self.wait_session(broker)
        self.publish(batch(1))
        consumer.wait_line("up to 1 of 1")
        self.assertFalse([line for program in (refused, elsewhere, consumer) for line in program.lines.snapshot()
                          if "horse" in line])

    def test_wrong_usage(self):
        for arguments, sentence in ((["--user", "a"], "belong together"),
                                    (["--user", "a", "--password-file", "b", "--host", "broker.example"], "in clear")):
            run = subprocess.run([sys.executable, ledger_consumer.consumer.__file__, *arguments], capture_output=True,
                                 text=True, check=False)
            self.assertEqual(run.returncode, 2)
            self.assertIn(sentence, run.stderr)


if __name__ == "__main__":
    unittest.main()
