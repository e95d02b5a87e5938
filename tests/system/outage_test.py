"""The broker is away at the start, goes away, comes back; the daemon is killed: nothing is lost."""
import signal
import unittest

import harness

COUNT = 60
# The device keeps all of it, however late it is connected.
SCENARIO = harness.cuff_scenario(
    f"{{every: 200ms, times: {COUNT}, systolic: 118..142, diastolic: 74..88, pulse: 58..80}}", seed=3, memory=COUNT)


class Journey(harness.HubTest):
    """What was measured, and that all of it arrives."""

    def setUp(self):
        super().setUp()
        self.start_bus()
        self.way = self.forward()

    def start_hub(self):
        return self.start_daemon(self.configuration(harness.CUFF, f"broker: mqtt://127.0.0.1:{self.way.port}"))

    def taken(self):
        """Payloads that the hub's side has taken, in order, each as often as it was measured."""
        offered = {entry["n"]: entry["hex"].lower() for entry in self.ledger("offered")}
        return [offered[entry["n"]] for entry in self.ledger("taken")]

    def assert_all_arrived(self, subscriber):
        readings = subscriber.wait_readings(COUNT, "cuff", limit=120)
        self.wait_ledger("taken", COUNT)  # the simulator may write it later than a reading arrives
        arrived = [reading.source.raw[0].value.hex() for reading in readings]
        self.assertEqual(sorted(arrived), sorted(self.taken()), "each exactly once after removal of duplicates")
        by_sequence = {record.sequence: record.reading.source.raw[0].value.hex()
                       for record in subscriber.records() if record.HasField("reading")}
        self.assertEqual([by_sequence[n] for n in sorted(by_sequence)], self.taken(), "order restorable by sequence")
        self.assert_complete(subscriber)


class Outage(Journey):
    def test_broker_away_at_start(self):
        daemon = self.start_hub()
        self.start_simulator(SCENARIO)
        self.wait_ledger("taken", 20)
        self.assertIsNone(daemon.process.poll(), "the daemon never exits for an absent broker")
        self.start_broker()
        subscriber = self.subscribe()
        self.way.open()
        self.assert_all_arrived(subscriber)
        topics = {message.topic.split("/")[3] for message in subscriber.messages.snapshot()}
        self.assertIn("batches", topics, "what waited comes in batches")

    def test_broker_goes_and_comes_back_without_its_session(self):
        broker = self.start_broker()
        subscriber = self.subscribe()
        self.way.open()
        self.start_hub()
        self.start_simulator(SCENARIO)
        subscriber.wait_readings(5)
        broker.stop(signal.SIGKILL)
        self.way.close()
        taken = len(self.taken())
        self.wait_ledger("taken", min(taken + 15, COUNT))
        self.start_broker().wait_line(" 1 vitalgate/v1/#")  # the subscriber is back
        self.way.open()
        self.assert_all_arrived(subscriber)

    def test_link_cut_again_and_again(self):
        self.start_broker()
        subscriber = self.subscribe()
        self.way.open()
        self.start_hub()
        self.start_simulator(SCENARIO)
        for readings in (5, 15, 25):
            subscriber.wait_readings(readings)
            self.way.close()
            self.way.open()
        self.assert_all_arrived(subscriber)

    def test_daemon_killed_in_between(self):
        self.start_broker()
        subscriber = self.subscribe()
        self.way.open()
        daemon = self.start_hub()
        self.start_simulator(SCENARIO)
        subscriber.wait_readings(10)
        daemon.stop(signal.SIGKILL)
        self.start_hub()
        # A value that was on the bus and not yet committed may go with the process; everything after
        # the restart arrives, under the same stream and without a hole.
        last = self.wait_last_taken(subscriber)
        self.assertTrue(last)
        self.assert_complete(subscriber)

    def wait_last_taken(self, subscriber):
        # Of one that was on the bus when the daemon was killed nobody says that it was taken.
        self.wait_entry(lambda entry: entry["what"] == "taken" and entry["n"] == COUNT, "the last measurement is taken", 120)
        last = self.taken()[-1]
        return subscriber.wait_records(
            lambda records: any(r.HasField("reading") and r.reading.source.raw[0].value.hex() == last for r in records),
            "the last measurement", 120)


if __name__ == "__main__":
    unittest.main()
