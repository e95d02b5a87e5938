"""Two care services: each gets the whole stream in a root of its own, whatever the other one has."""
import signal
import sys
import unittest

import harness
import ledger_consumer
import security_test
from commands_test import status_when
from vitalgate.v1 import command_pb2, vocabulary_pb2

SCENARIO = harness.cuff_scenario(
    "{every: 150ms, times: 2000, systolic: 118..142, diastolic: 74..88, pulse: 58..80}", seed=11)
ROOT = "clinic/in"


class SeveralUplinks(harness.HubTest):
    def setUp(self):
        super().setUp()
        authority = security_test.Authority(self.folder, "clinic-ca")
        certificate, key = authority.issue("server", "localhost", "DNS:localhost")
        tls_port = harness.free_port()
        self.start_bus()
        broker = self.start_broker(f"allow_anonymous true\nlistener {tls_port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n")
        self.way = harness.Forwarder(tls_port)
        self.addCleanup(self.way.close)
        self.care = self.subscribe()
        self.clinic = self.subscribe(root=f"{ROOT}/#")
        # It stores what comes, and says so.
        self.start("consumer", [sys.executable, ledger_consumer.__file__, "--host", "127.0.0.1", "--port", self.port,
                                "--prefix", ROOT, "--uplink", "clinic", "--receipts", "--database", self.folder / "clinic.db"])
        # What a broker has no subscriber for it acknowledges and drops.
        broker.wait_line(f"consumer 1 {ROOT}/+/batches")
        self.clinic_uplink = (f"  clinic:\n    broker: mqtts://localhost:{self.way.port}\n    root: {ROOT}/{{hub}}\n"
                              f"    client-id: clinic-hub\n    tls: {{ca: {authority.certificate}}}\n"
                              "    delivery: receipt\n    retry-max: 10s\n")

    def start_hub(self):
        text = self.configuration(harness.CUFF, more="commands: {accept: transport-only}")
        return self.start_daemon(text.replace("uplinks:\n", f"uplinks:\n{self.clinic_uplink}"))

    @staticmethod
    def contents(subscriber):
        """What stands under each sequence, as often as it came differently."""
        found = {}
        for record in subscriber.records():
            found.setdefault(record.sequence, set()).add(record.SerializeToString(deterministic=True))
        return found

    def wait_delivered(self, subscriber, root, sequence):
        """As the hub answers over the uplink of that root."""
        def ask(command):
            signed = command_pb2.SignedCommand(command=command.SerializeToString())
            subscriber.publish(f"{root}/{self.hub}/commands", signed.SerializeToString())
            return subscriber.wait_result(command.id)
        status_when(lambda status: status.acknowledged >= sequence, ask, self.hub)

    def test_each_gets_everything_though_one_is_away_and_the_hub_is_killed(self):
        self.way.open()
        self.start_simulator(SCENARIO)
        daemon = self.start_hub()
        self.clinic.wait_readings(5)
        self.way.close()
        daemon.wait_line("clinic: connection lost")
        self.wait_more(self.care)
        daemon.stop(signal.SIGKILL)
        self.programs.remove(daemon)
        known = len(self.contents(self.clinic))
        daemon = self.start_hub()
        self.wait_more(self.care)
        self.assertEqual(len(self.contents(self.clinic)), known, "it is away")
        self.way.open()
        newest = self.wait_more(self.care)
        self.clinic.wait_records(lambda records: any(r.sequence == newest for r in records), f"row {newest} at the clinic")
        for subscriber, root in ((self.care, "vitalgate/v1"), (self.clinic, ROOT)):
            self.wait_delivered(subscriber, root, newest)
            self.assert_complete(subscriber)
        self.assertEqual(daemon.stop()[0], 0)
        for subscriber, delivery in ((self.care, "broker"), (self.clinic, "receipt")):
            status = subscriber.wait_status(vocabulary_pb2.HUB_STOPPED)
            self.assertEqual(status.delivery, delivery)
            self.assertGreaterEqual(status.acknowledged, newest)
            self.assertEqual(status.oldest_held, 1, "nothing goes before both have it")
        self.assert_same(newest)

    @staticmethod
    def wait_more(subscriber):
        """Until some more readings have come; the sequence of the latest."""
        known = len({r.reading.id for r in subscriber.records() if r.HasField("reading")})
        subscriber.wait_readings(known + 4)
        return max(r.sequence for r in subscriber.records() if r.HasField("reading"))

    def assert_same(self, newest):
        care, clinic = self.contents(self.care), self.contents(self.clinic)
        self.assertEqual({len(content) for content in [*care.values(), *clinic.values()]}, {1}, "one content under each sequence")
        both = care.keys() & clinic.keys()
        self.assertLessEqual(set(range(1, newest + 1)), both)
        self.assertEqual([n for n in sorted(both) if care[n] != clinic[n]], [])
        for root, subscriber in (("vitalgate/v1", self.care), (ROOT, self.clinic)):
            self.assertEqual({m.topic.rsplit("/" + self.hub, 1)[0] for m in subscriber.messages.snapshot()}, {root})


if __name__ == "__main__":
    unittest.main()
