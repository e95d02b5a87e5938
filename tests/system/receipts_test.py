"""Delivery by receipt: what the service confirms, misses and asks for again; and uplinks side by side."""
import unittest

import harness
from commands_test import Signed, status_when
from vitalgate.v1 import stream_pb2, vocabulary_pb2

SCENARIO = harness.cuff_scenario("{every: 300ms, times: 60, systolic: 120, diastolic: 80, pulse: 60}", seed=4)


class Receipts(Signed):
    scenario = SCENARIO

    def configuration(self, devices, uplink="", more=""):
        uplink = uplink or f"broker: mqtt://127.0.0.1:{self.port}"
        return super().configuration(devices, f"{uplink}\ndelivery: receipt\nreceipt-timeout: 1m", more)

    def batches(self, messages):
        return [stream_pb2.Batch.FromString(m.payload) for m in messages
                if m.topic.split("/")[3] in ("readings", "events", "results", "batches")]

    def stream(self):
        return self.batches(self.service.messages.snapshot())[0].stream

    def give(self, up_to, missing=()):
        receipt = stream_pb2.Receipt(hub=self.hub, stream=self.stream(), up_to=up_to)
        for first, last in missing:
            receipt.missing.add(first=first, last=last)
        self.service.publish(f"vitalgate/v1/{self.hub}/receipts", receipt.SerializeToString())

    def acknowledged(self):
        status = status_when(lambda _: True, self.ask, self.hub).status
        self.assertEqual(status.delivery, "receipt")
        return status.acknowledged

    def wait_replay(self, sequences, command_id=""):
        def found(messages):
            return any(batch.lane == stream_pb2.LANE_REPLAY and batch.command_id == command_id
                       and [record.sequence for record in batch.records] == sequences
                       for batch in self.batches(messages))
        self.service.messages.wait(found, f"{sequences} once more")

    def wait_acknowledged(self, sequence):
        status_when(lambda status: status.acknowledged == sequence, self.ask, self.hub)

    def test_confirmed_missed_and_replayed(self):
        self.service.wait_readings(10)
        self.assertEqual(self.acknowledged(), 0, "the broker's word is not enough")
        self.give(5)
        self.wait_acknowledged(5)

        self.give(3, [(4, 5), (7, 7)])
        self.wait_replay([4, 5, 7])
        self.wait_acknowledged(3)  # what the service lacks is not delivered, whatever it said before
        self.give(5)
        self.wait_acknowledged(5)

        self.give(1_000_000)
        event = self.service.wait_event("security")
        self.assertEqual(event.security.kind, vocabulary_pb2.SECURITY_RECEIPT_REFUSED)
        self.assertEqual(event.security.peer, "care")
        self.assertEqual(self.acknowledged(), 5)

        command = self.command()
        command.replay.sequences.first = 2
        command.replay.sequences.last = 4
        result = self.ask(command)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_DONE, result.text)
        self.assertEqual(result.records, 3)
        self.wait_replay([2, 3, 4], command.id)

        command = self.command()
        getattr(command.replay.times, "from").seconds = command.issued_at.seconds + 3600
        result = self.ask(command)
        self.assertEqual(result.refusal, vocabulary_pb2.REFUSAL_OUT_OF_RANGE)
        self.assertIn("nothing is held there", result.text)

    def test_what_is_not_confirmed_comes_again(self):
        self.service.wait_readings(10)
        self.give(4)
        self.wait_acknowledged(4)

        def again(messages):
            return any(batch.lane == stream_pb2.LANE_BACKLOG and any(r.sequence == 5 for r in batch.records)
                       for batch in self.batches(messages))
        self.service.messages.wait(again, "row 5 once more", 120)
        self.assert_complete(self.service)


class SeveralUplinks(harness.HubTest):
    def test_a_name_that_is_never_resolved_holds_up_no_other_uplink(self):
        self.start_bus()
        self.start_broker()
        service = self.subscribe()
        self.start_simulator(SCENARIO)
        away = "away: {broker: mqtt://broker.care.example:1883, allow-plaintext: true, client-id: away}"
        configuration = self.configuration(harness.CUFF).replace("uplinks:\n", f"uplinks:\n  {away}\n")
        daemon = self.start_daemon(configuration, env=self.preloading("libstalling_resolver.so"))
        daemon.wait_line("stalling_resolver: asked")
        service.wait_readings(10)
        self.assert_complete(service)
        status, duration = daemon.stop()
        self.assertEqual(status, 0)
        self.assertLess(duration, 5)


if __name__ == "__main__":
    unittest.main()
