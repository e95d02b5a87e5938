"""Commands through the broker: each request gets exactly one answer, the unknown, the malformed and the
expired included."""
import base64
import os
import subprocess
import time
import unittest

import harness
import scripted_broker
from ledger_consumer import consumer
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from vitalgate.v1 import command_pb2, hub_pb2, stream_pb2, vocabulary_pb2

QUIET = """
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff: {model: blood-pressure, address: "C4:7C:8D:6A:12:34", advertise: {when: after-measurement}, measure: [{at: 300d, systolic: 120, diastolic: 80}]}
"""


def uuid_version_7():
    raw = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def command_within(seconds, hub):
    command = command_pb2.Command(id=uuid_version_7(), hub=hub)
    command.issued_at.seconds = int(time.time())
    command.not_after.seconds = command.issued_at.seconds + seconds
    return command


def status_when(condition, ask, hub):
    """The answer to get-status, for which the hub is asked again until its status is so. ask(command) gives the answer."""
    end = time.monotonic() + harness.PATIENCE
    while True:
        command = command_within(60, hub)
        command.get_status.SetInParent()
        result = ask(command)
        if condition(result.status):
            return result
        if time.monotonic() > end:
            raise AssertionError(f"the status stays {result}")


class Key:
    def __init__(self, folder, name):
        self.name = name
        self.path = folder / f"{name}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True)
        public = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout
        self.public = base64.b64encode(public[-32:]).decode()

    def sign(self, payload):
        file = self.path.with_suffix(".bin")
        file.write_bytes(payload)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", file],
                                   check=True, capture_output=True).stdout
        return command_pb2.SignedCommand(command=payload, key_id=self.name, signature=signature).SerializeToString()


class Signed(harness.HubTest):
    """A hub that takes what one key has signed."""
    scenario = QUIET
    devices = harness.CUFF

    def setUp(self):
        super().setUp()
        self.key = Key(self.folder, "care-2026")
        self.start_bus()
        self.start_broker()
        self.service = self.subscribe()
        self.start_simulator(self.scenario)
        more = (f"commands:\n  accept: signed\n  keys:\n    care-2026:\n      public-key: {self.key.public}\n"
                "      kinds: all\n      devices: all\n")
        # What changes something is run with a synchronised clock only, and not every machine has one.
        self.daemon = self.start_daemon(self.configuration(self.devices, more=more),
                                        env=self.preloading("libsynchronised_clock.so"))
        self.service.wait_status(vocabulary_pb2.HUB_ONLINE)

    def command(self, **fields):
        command = command_within(60, self.hub)
        for name, value in fields.items():
            if name in ("issued_at", "not_after"):
                getattr(command, name).seconds = value
            else:
                setattr(command, name, value)
        return command

    def send(self, payload, **more):
        self.service.publish(f"vitalgate/v1/{self.hub}/commands", payload, **more)

    def ask(self, command):
        self.send(self.key.sign(command.SerializeToString()))
        return self.service.wait_result(command.id)


class Commands(Signed):
    def test_get_status(self):
        result = status_when(lambda status: status.acknowledged > 0, self.ask, self.hub)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_DONE)
        self.assertTrue(result.final)
        self.assertEqual(result.kind, "get-status")
        self.assertEqual(result.key_id, "care-2026")
        self.assertEqual(result.status.hub, self.hub)
        self.assertEqual(result.status.state, vocabulary_pb2.HUB_ONLINE)
        self.assertEqual(result.status.command_trust, vocabulary_pb2.TRUST_SIGNED)
        # As the uplink that brought the command publishes it.
        self.assertEqual(result.status.connection, 1)
        self.assertEqual(result.status.delivery, "broker")

    def test_list_devices_on_the_response_topic_with_its_correlation(self):
        command = self.command()
        command.list_devices.SetInParent()
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = f"vitalgate/v1/{self.hub}/results/desk-7"
        properties.CorrelationData = b"ticket-99"
        self.send(self.key.sign(command.SerializeToString()), properties=properties)
        result = self.service.wait_result(command.id)
        self.assertEqual([device.device for device in result.devices.devices], ["cuff"])
        self.assertEqual(result.correlation, b"ticket-99")
        topics = [m.topic for m in self.service.messages.snapshot() if "/results" in m.topic]
        self.assertEqual(topics, [f"vitalgate/v1/{self.hub}/results/desk-7"])

    def test_a_duplicate_gets_the_stored_answer(self):
        command = self.command()
        command.get_status.SetInParent()
        self.assertFalse(self.ask(command).already_answered)
        self.send(self.key.sign(command.SerializeToString()))
        again = self.service.wait_records(
            lambda records: next((r.result for r in records if r.result.command_id == command.id
                                  and r.result.already_answered), None), "the stored answer")
        self.assertEqual(again.state, vocabulary_pb2.COMMAND_DONE)

    def test_refusals(self):
        now = int(time.time())
        expired = self.command(issued_at=now - 120, not_after=now - 60)
        other_hub = self.command(hub="hub-other")
        elsewhere = self.command(response_topic="somebody/else")
        unsupported = self.command()
        for command in (expired, other_hub, elsewhere):
            command.get_status.SetInParent()
        unsupported.restart.SetInParent()
        cases = ((expired, vocabulary_pb2.COMMAND_EXPIRED, None),
                 (other_hub, vocabulary_pb2.COMMAND_REFUSED, vocabulary_pb2.REFUSAL_WRONG_HUB),
                 (elsewhere, vocabulary_pb2.COMMAND_REFUSED, vocabulary_pb2.REFUSAL_RESPONSE_TOPIC),
                 (unsupported, vocabulary_pb2.COMMAND_REFUSED, vocabulary_pb2.REFUSAL_NOT_SUPPORTED))
        for command, state, refusal in cases:
            with self.subTest(state=state, refusal=refusal):
                result = self.ask(command)
                self.assertEqual(result.state, state)
                self.assertTrue(result.final)
                self.assertTrue(result.text, "a sentence for people")
                if refusal is not None:
                    self.assertEqual(result.refusal, refusal)

    def test_unknown_kind_and_unknown_field(self):
        command = self.command()
        payload = command.SerializeToString() + bytes([0xC2, 0x3E, 0x00])  # field 1000, empty message
        self.send(self.key.sign(payload))
        result = self.service.wait_result(command.id)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_REFUSED)
        self.assertIn(result.refusal, (vocabulary_pb2.REFUSAL_UNKNOWN_FIELD, vocabulary_pb2.REFUSAL_UNKNOWN_KIND))
        nothing = self.ask(self.command())
        self.assertEqual(nothing.refusal, vocabulary_pb2.REFUSAL_UNKNOWN_KIND)

    def test_forged_malformed_and_retained(self):
        command = self.command()
        command.get_status.SetInParent()
        payload = command.SerializeToString()
        stranger = Key(self.folder, "stranger")
        forged = command_pb2.SignedCommand.FromString(stranger.sign(payload))
        forged.key_id = "care-2026"
        self.send(forged.SerializeToString())
        self.assertEqual(self.service.wait_result(command.id).refusal, vocabulary_pb2.REFUSAL_BAD_SIGNATURE)
        self.service.wait_event("security")

        self.send(b"\xff\xff\xffnot a command")
        self.service.wait_records(
            lambda records: any(r.HasField("result") and r.result.refusal == vocabulary_pb2.REFUSAL_MALFORMED
                                for r in records), "an answer to the malformed one")

        retained = self.command()
        retained.get_status.SetInParent()
        signed = self.key.sign(retained.SerializeToString())
        self.send(signed, retain=True)
        self.send(b"", retain=True)
        self.assertEqual(self.service.wait_result(retained.id).refusal, vocabulary_pb2.REFUSAL_RETAINED)


class DeviceCommands(Signed):
    """To a chest strap that is there, and to a cuff that never is."""
    scenario = """
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  strap: {model: heart-rate, address: "F0:13:C3:55:66:77", random-address: true, advertise: {when: always, every: 100ms}, measure: [{every: 2s, rate: 72}]}
"""
    devices = 'strap: {address: "F0:13:C3:55:66:77"}\n' + harness.CUFF

    def energy(self, device="strap", **fields):
        command = self.command(device=device, **fields)
        command.reset_energy.SetInParent()
        return command

    def final(self, command, limit=harness.PATIENCE):
        return self.service.wait_records(
            lambda records: next((r.result for r in records if r.result.command_id == command.id and r.result.final),
                                 None), f"the final result of {command.id}", limit)

    def effects(self):
        return [(entry["device"], entry["characteristic"], entry["hex"]) for entry in self.ledger("effect")]

    def test_a_signed_command_reaches_the_device(self):
        command = self.energy()
        self.send(self.key.sign(command.SerializeToString()))
        result = self.final(command)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_DONE)
        self.assertEqual((result.kind, result.device, result.key_id), ("reset-energy", "strap", "care-2026"))
        self.assertEqual(self.effects(), [("strap", "2A39", "01")])
        # It is run once, however often it comes.
        self.send(self.key.sign(command.SerializeToString()))
        self.service.wait_records(lambda records: any(r.result.already_answered for r in records), "the stored answer")
        self.assertEqual(self.effects(), [("strap", "2A39", "01")])

    def test_the_descriptor_says_what_the_device_can_be_asked(self):
        descriptor = self.service.wait_descriptor("strap", lambda found: found.commands)
        self.assertEqual({spec.kind for spec in descriptor.commands}, {"read-battery", "reset-energy"})
        command = self.command(device="strap")
        command.describe_device.SetInParent()
        result = self.ask(command)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_DONE)
        self.assertEqual(result.device_descriptor.device_key, descriptor.device_key)

    def test_what_may_not_be_done_is_not_done(self):
        self.service.wait_descriptor("strap", lambda found: found.commands)
        unsigned = self.energy()
        envelope = command_pb2.SignedCommand(command=unsigned.SerializeToString(), key_id="care-2026")
        self.send(envelope.SerializeToString())
        self.assertEqual(self.service.wait_result(unsigned.id).refusal, vocabulary_pb2.REFUSAL_UNSIGNED)
        stranger = self.energy()
        self.send(Key(self.folder, "stranger").sign(stranger.SerializeToString()))
        self.assertEqual(self.service.wait_result(stranger.id).refusal, vocabulary_pb2.REFUSAL_UNKNOWN_KEY)
        limit = self.command(device="strap")
        limit.set_alert_limit.limit = "hypo"
        self.assertEqual(self.ask(limit).refusal, vocabulary_pb2.REFUSAL_KIND_NOT_PERMITTED)
        self.assertEqual(self.ask(self.energy(device="scale")).refusal, vocabulary_pb2.REFUSAL_UNKNOWN_DEVICE)
        other = self.command(device="strap")
        other.fetch_records.all = True
        self.assertEqual(self.ask(other).refusal, vocabulary_pb2.REFUSAL_NOT_SUPPORTED)
        self.assertEqual(self.effects(), [])

    def test_a_command_for_a_device_that_is_away_says_so_in_time(self):
        command = self.energy(device="cuff", not_after=int(time.time()) + 20)
        first = self.ask(command)
        self.assertEqual(first.state, vocabulary_pb2.COMMAND_RUNNING)
        self.assertFalse(first.final)
        result = self.final(command)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_FAILED)
        self.assertEqual(result.failure, vocabulary_pb2.FAILURE_UNREACHABLE)
        self.assertIn("was not there", result.text)

    def test_a_stopping_hub_answers_what_waits(self):
        command = self.energy(device="cuff")
        self.assertEqual(self.ask(command).state, vocabulary_pb2.COMMAND_RUNNING)
        status, _ = self.daemon.stop()
        self.assertEqual(status, 0)
        self.assertEqual(self.final(command).refusal, vocabulary_pb2.REFUSAL_BUSY)


class Replay(Signed):
    scenario = harness.cuff_scenario("{every: 300ms, times: 1000, systolic: 120..139, diastolic: 80, pulse: 60}", seed=4)

    def batches(self):
        return [stream_pb2.Batch.FromString(m.payload) for m in self.service.messages.snapshot()
                if m.topic.split("/")[3] in ("readings", "events", "results", "batches")]

    def wait_received(self, count, after_ns):
        """Ids of so many readings that came off the radio after that time."""
        def enough(records):
            found = {r.reading.id for r in records if r.reading.received.time.ToNanoseconds() > after_ns}
            return found if len(found) >= count else None
        return self.service.wait_records(enough, f"{count} further readings")

    def test_a_span_of_time_comes_again_as_it_was(self):
        before = {reading.id for reading in self.service.wait_readings(4)}
        begin_ns = time.time_ns()
        within = self.wait_received(4, begin_ns)
        end_ns = time.time_ns()
        self.wait_received(3, end_ns)
        command = self.command()
        getattr(command.replay.times, "from").FromNanoseconds(begin_ns)
        command.replay.times.to.FromNanoseconds(end_ns)
        result = self.ask(command)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_DONE, result.text)

        def replayed(messages):
            again = [record for batch in self.batches() if batch.lane == stream_pb2.LANE_REPLAY for record in batch.records]
            return again if len(again) >= result.records else None
        again = self.service.messages.wait(replayed, f"{result.records} records again")
        self.assertEqual(len(again), result.records)
        self.assertEqual({b.command_id for b in self.batches() if b.lane == stream_pb2.LANE_REPLAY}, {command.id})
        ids = {record.reading.id for record in again if record.HasField("reading")}
        # What came off the radio in that time and was here at its end was stored in it.
        self.assertLessEqual(within, ids)
        self.assertFalse(ids & before, "stored before that time")
        self.assertFalse(ids & self.wait_received(3, end_ns), "stored after that time")
        self.assert_taken_once(again)

    def assert_taken_once(self, again):
        """A consumer knows all of it, to the octet."""
        ledger = consumer.Ledger(":memory:")
        self.addCleanup(ledger.db.close)
        batches = self.batches()
        self.assertEqual([sentence for batch in batches for sentence in ledger.take("", batch)], [])
        stream = ledger.streams[self.hub, batches[0].stream]
        self.assertEqual(stream.duplicates, len(again))
        stored, = ledger.db.execute("SELECT count(*) FROM reading").fetchone()
        self.assertEqual(stored, len({r.reading.id for batch in batches for r in batch.records if r.HasField("reading")}))


class NoCommands(harness.HubTest):
    def test_every_request_is_answered_with_disabled(self):
        self.start_bus()
        self.start_broker()
        service = self.subscribe()
        self.start_simulator(QUIET)
        self.start_daemon(self.configuration(harness.CUFF, more="commands: {accept: none}"))
        service.wait_status(vocabulary_pb2.HUB_ONLINE)
        command = command_pb2.Command(id=uuid_version_7(), hub=self.hub)
        command.get_status.SetInParent()
        signed = command_pb2.SignedCommand(command=command.SerializeToString())
        service.publish(f"vitalgate/v1/{self.hub}/commands", signed.SerializeToString())
        result = service.wait_result(command.id)
        self.assertEqual(result.state, vocabulary_pb2.COMMAND_REFUSED)
        self.assertEqual(result.refusal, vocabulary_pb2.REFUSAL_DISABLED)


class Goodbye(harness.HubTest):
    def test_what_comes_while_the_hub_says_goodbye_is_answered_after_its_next_start(self):
        """The hub waits for acknowledgements before it ends the connection, so there is time for a command. The MQTT library
        acknowledges it by itself."""
        broker = scripted_broker.ScriptedBroker()
        self.addCleanup(broker.close)
        command = command_within(3600, self.hub)
        command.get_status.SetInParent()
        request = command_pb2.SignedCommand(command=command.SerializeToString()).SerializeToString()

        def withhold(client, publication):
            if not publication.retained:
                return False
            reply = scripted_broker.acknowledgement(publication.packet)
            status = publication.topic.endswith("/status") and hub_pb2.HubStatus.FromString(publication.payload)
            # With this acknowledgement the goodbye begins.
            if status and status.state == vocabulary_pb2.HUB_STOPPED:
                reply += scripted_broker.delivery(7, f"vitalgate/v1/{self.hub}/commands", request)
            client.send(reply)
            return True

        broker.answer = withhold
        self.start_bus()
        daemon = self.start_daemon(self.configuration(
            harness.CUFF, f"broker: mqtt://127.0.0.1:{broker.port}", "commands: {accept: transport-only}"))
        broker.published.wait(lambda all: any(not p.retained for p in all), "a row that stays without acknowledgement")
        status, _ = daemon.stop()
        self.assertEqual(status, 0)
        broker.acknowledged.wait(lambda packets: 7 in packets, "the acknowledgement of the command")
        broker.answer = broker.take
        self.start_daemon(None)
        result = broker.wait_records(lambda records: next(
            (r.result for r in records if r.result.command_id == command.id), None), "the result of the command")
        # Not run, or, where the disk was too slow for the hub to say so before it ended, perhaps run.
        answer = (result.state, result.refusal)
        self.assertIn(answer, ((vocabulary_pb2.COMMAND_REFUSED, vocabulary_pb2.REFUSAL_BUSY),
                               (vocabulary_pb2.COMMAND_UNKNOWN, vocabulary_pb2.REFUSAL_UNSPECIFIED)))


if __name__ == "__main__":
    unittest.main()
