"""A broker that refuses the connection or a message, by each reason, or acknowledges as it should not."""
import itertools
import time
import unittest

import harness
import scripted_broker
from vitalgate.v1 import hub_pb2, vocabulary_pb2

SCENARIO = harness.cuff_scenario("{every: 100ms, times: 600, systolic: 118..142, diastolic: 74..88, pulse: 58..80}", seed=9)

# What the hub says of a broker that refuses its CONNECT.
REFUSALS = [
    {0x86: "refuses user name or password: check user and password",
     0x88: "is not available at present",
     0x8A: "has banned this hub: ask its operator",
     0x9C: "wants another broker to be used: ask its operator which, and set broker"},
    {0x87: "does not allow this hub in: check user, password and client certificate",
     0x89: "is busy",
     0x97: "says that a quota is exceeded",
     0x9F: "says that too many connections are made"},
]
RETRIED = {0x80: "unspecified error", 0x87: "not authorized", 0x97: "quota exceeded"}
SET_ASIDE = {0x90: "topic name invalid", 0x95: "packet too large", 0x99: "payload format invalid"}
NEW_CONNECTION = {0x91: "packet identifier in use"}


def sequence_of(publication):
    """Of a live reading; None for anything else."""
    if publication.topic.split("/")[3] != "readings":
        return None
    return harness.Subscriber.records_of([publication])[0].sequence


def uplink_problems(messages):
    """Those of every status."""
    for message in messages:
        if message.topic.endswith("/status"):
            yield from (problem for problem in hub_pb2.HubStatus.FromString(message.payload).problems
                        if problem.code.startswith("uplink-"))


class BrokerTest(harness.HubTest):
    def setUp(self):
        super().setUp()
        self.start_bus()
        self.start_simulator(SCENARIO)

    def scripted(self):
        broker = scripted_broker.ScriptedBroker()
        self.addCleanup(broker.close)
        return broker

    def assert_ends_well(self, daemon):
        self.assertIsNone(daemon.process.poll(), "the daemon has gone")
        status, duration = daemon.stop()
        self.assertEqual(status, 0)
        self.assertLess(duration, 5)


class Connections(BrokerTest):
    def test_each_refusal_is_said_and_tried_again_with_pauses(self):
        brokers = [self.scripted() for _ in REFUSALS]
        for broker, refusals in zip(brokers, REFUSALS):
            reasons = [*refusals, scripted_broker.SUCCESS]
            broker.welcome = lambda number, reasons=reasons: reasons[min(number, len(reasons)) - 1]
        self.start_broker()
        service = self.subscribe()
        others = "".join(f"  other-{n}: {{broker: mqtt://127.0.0.1:{broker.port}, client-id: other-{n}}}\n"
                         for n, broker in enumerate(brokers))
        configuration = self.configuration(harness.CUFF).replace("uplinks:\n", f"uplinks:\n{others}")
        daemon = self.start_daemon(configuration)
        for broker, refusals in zip(brokers, REFUSALS):
            for text in refusals.values():
                daemon.wait_line(f"not connected: 127.0.0.1:{broker.port} {text}")
        paused_s = 0
        for broker, refusals in zip(brokers, REFUSALS):
            broker.wait_records(lambda records: len(records) > 3, "rows")
            times = [attempt.time for attempt in broker.attempts.snapshot()]
            self.assertEqual(len(times), len(refusals) + 1)
            paused_s += times[-1] - times[1]
        # Six pauses with full jitter, twice up to 2, 4 and 8 s: 14 s most likely, and once in 100,000 times less than
        # 1.6 s. What the attempts themselves take comes to 1.9 s.
        self.assertGreater(paused_s, 3.5, "a hot loop")
        self.assertLess(paused_s, 2 * (14 + harness.PATIENCE))
        # The uplink that is well tells of the others.
        problems = {(problem.code, problem.text.split(": ")[0]) for problem in
                    uplink_problems(service.messages.snapshot())}
        self.assertEqual({who for _, who in problems}, {"other-0", "other-1"})
        self.assertLessEqual({code for code, _ in problems}, {"uplink-refused", "uplink-unreachable"})
        self.assert_ends_well(daemon)


class Messages(BrokerTest):
    def start_hub(self, broker):
        return self.start_daemon(self.configuration(harness.CUFF, f"broker: mqtt://127.0.0.1:{broker.port}"))

    def wait_complete(self, broker, rows, limit=harness.PATIENCE):
        """Until all rows up to the newest of at least so many are taken, or stand in a Loss."""
        def complete(records):
            seen = {record.sequence for record in records}
            for record in records:
                for lost in record.event.loss.ranges:
                    seen.update(range(lost.first, lost.last + 1))
            return len(seen) >= rows and len(seen) == max(seen)
        broker.wait_records(complete, f"{rows} rows without a gap", limit)

    def test_a_message_refused_by_each_reason(self):
        broker = self.scripted()
        verdicts = iter([*RETRIED, *SET_ASIDE, *NEW_CONNECTION])
        refused = {}  # sequence: reason
        taken = []  # sequences of readings, in order

        def answer(client, publication):
            sequence = sequence_of(publication)
            inside = {record.sequence for record in harness.Subscriber.records_of([publication])}
            if sequence is not None and sequence not in refused and len(taken) % 3 == 2:
                if reason := next(verdicts, None):
                    refused[sequence] = reason
                    taken.append(sequence)
                    client.acknowledge(publication, reason)
                    return False
            # For good means for good, alone or in a batch.
            for bad in inside & {s for s, reason in refused.items() if reason in SET_ASIDE}:
                client.acknowledge(publication, refused[bad])
                return False
            taken.extend(inside)
            return broker.take(client, publication)

        broker.answer = answer
        daemon = self.start_hub(broker)
        for reason, text in {**RETRIED, **SET_ASIDE, **NEW_CONNECTION}.items():
            daemon.wait_line(f"the broker refused a message: {text} (0x{reason:02X})")
        self.wait_complete(broker, max(refused) + 10)
        rows = broker.records()
        by_reason = {reason: sequence for sequence, reason in refused.items()}
        losses = {lost.first: record.event.loss for record in rows for lost in record.event.loss.ranges}
        sequences = [record.sequence for record in rows]
        for reason in SET_ASIDE:
            loss = losses.pop(by_reason[reason])
            self.assertEqual((loss.reason, loss.count, loss.uplink), (vocabulary_pb2.LOSS_SET_ASIDE, 1, "care"))
            self.assertNotIn(by_reason[reason], sequences)
        self.assertEqual(losses, {})
        for reason in [*RETRIED, *NEW_CONNECTION]:
            self.assertIn(by_reason[reason], sequences, "tried again")
        # Not after each of them: a pause may be short.
        self.assertTrue(any(later > row for row in map(by_reason.get, RETRIED)
                            for later in itertools.takewhile(lambda s, row=row: s != row, sequences)),
                        "the rows behind it did not wait")
        self.assertEqual(len(broker.attempts.snapshot()), 2, "one new connection, for 0x91")
        self.assert_few_copies(broker, refused)
        self.assert_ends_well(daemon)

    def assert_few_copies(self, broker, refused):
        """What was refused is not sent in a hot loop: each row some times at most."""
        copies = dict.fromkeys(refused, 0)
        for publication in broker.published.snapshot():
            for record in harness.Subscriber.records_of([publication]):
                if record.sequence in copies:
                    copies[record.sequence] += 1
        self.assertLess(max(copies.values()), 8, copies)

    def test_refusing_everything_is_no_hot_loop(self):
        broker = self.scripted()
        refuses = True

        def answer(client, publication):
            if refuses and not publication.retained:
                client.acknowledge(publication, 0x97)
                return False
            return broker.take(client, publication)

        broker.answer = answer
        daemon = self.start_hub(broker)
        self.wait_ledger("taken", 40)
        broker.messages.wait(lambda messages: "uplink-publish-refused" in (p.code for p in uplink_problems(messages)),
                             "a status that says so")
        published = [p for p in broker.published.snapshot() if not p.retained]
        self.assertGreater(len(published), 0)
        # Some tens of rows came meanwhile; eight refusals in a row pause everything.
        self.assertLess(len(published), 8 * 12)
        refuses = False
        self.wait_complete(broker, 45, 120)
        self.assert_ends_well(daemon)

    def test_rights_that_ran_out_come_back_with_a_new_connection(self):
        broker = self.scripted()
        password = self.folder / "password"
        second = self.folder / "second"
        for path, word in ((password, "first"), (second, "second")):
            path.write_text(word)
            path.chmod(0o600)
        refuses = False

        def answer(client, publication):
            ran_out = client.number == 1 and len(broker.records()) >= 10
            if ran_out and second.exists():
                second.rename(password)  # at one stroke: never half a file
            if (ran_out or refuses) and not publication.retained:
                client.acknowledge(publication, 0x87)
                return False
            return broker.take(client, publication)

        broker.answer = answer
        daemon = self.start_daemon(self.configuration(
            harness.CUFF, f"broker: mqtt://127.0.0.1:{broker.port}\nuser: {self.hub}\npassword: {{file: {password}}}"))
        daemon.wait_line("the broker takes nothing (not authorized)")
        self.wait_complete(broker, 30)
        attempts = broker.attempts.snapshot()
        self.assertEqual([a.packet.endswith(b"\x00" + bytes([len(word)]) + word) for a, word in
                          zip(attempts, (b"first", b"second"))], [True, True], "the password is read again")
        # Of a broker that takes nothing for good it is not tried again soon.
        refuses = True
        taken = len(self.ledger("taken"))
        self.wait_ledger("taken", taken + 40)
        self.assertEqual(len(broker.attempts.snapshot()), 2)
        refuses = False
        self.wait_complete(broker, taken + 45, 120)
        self.assertEqual(len(broker.attempts.snapshot()), 2)
        self.assert_ends_well(daemon)

    def test_acknowledgements_lost_doubled_unknown_and_connections_dropped(self):
        broker = self.scripted()

        def lost(client, _):
            client.end()

        def doubled(client, publication):
            client.acknowledge(publication)
            client.acknowledge(publication)
            return True

        def unknown(client, publication):
            client.send(scripted_broker.acknowledgement(publication.packet + 20_000))
            client.send(scripted_broker.acknowledgement(0))
            client.acknowledge(publication)
            return True

        def dropped_after(client, publication):
            client.acknowledge(publication)
            broker.messages.add(publication)
            client.end()

        def told_to_go(client, _):
            client.end(0x8B)  # the server is shutting down

        deeds = iter([doubled, lost, unknown, dropped_after, told_to_go])
        done = []

        def answer(client, publication):
            if sequence_of(publication) is not None and len(broker.records()) >= 4 * len(done):
                if deed := next(deeds, None):
                    done.append(deed)
                    return deed(client, publication)
            return broker.take(client, publication)

        broker.answer = answer
        daemon = self.start_hub(broker)
        broker.attempts.wait(lambda attempts: len(attempts) == 4, "four connections")
        self.wait_complete(broker, len({record.sequence for record in broker.records()}) + 10)
        self.assertEqual(len(done), 5)
        contents = {}
        for record in broker.records():
            contents.setdefault(record.sequence, set()).add(record.SerializeToString(deterministic=True))
        self.assertEqual({len(content) for content in contents.values()}, {1}, "one content under each sequence")
        self.assert_ends_well(daemon)


if __name__ == "__main__":
    unittest.main()
