"""A device is paired with the passkey that the configuration names, and the passkey stays on the hub."""
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2

SCENARIO = """
seed: 5
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    pairing: {demand: passkey, passkey: 804711, encrypt: [2A35]}
    advertise: {when: always, every: 200ms, signal: -60dBm}
    measure: [{every: 1s, times: 200, systolic: 120, diastolic: 80, pulse: 60}]
"""


class Pairing(harness.HubTest):
    def start_all(self, digits):
        self.secret = self.folder / "passkey"
        self.secret.write_text(digits)
        self.secret.chmod(0o600)
        self.start_bus()
        self.start_broker()
        self.start_simulator(SCENARIO)
        subscriber = self.subscribe()
        cuff = f'cuff: {{address: "C4:7C:8D:6A:12:34", passkey: {{file: {self.secret}}}, expect-every: 1h}}'
        daemon = self.start_daemon(self.configuration(cuff))
        return subscriber, daemon

    def assert_secret(self, daemon, subscriber, digits):
        daemon.stop()
        self.assertNotIn(digits, daemon.output())
        number = int(digits)
        for record in subscriber.records():
            # A date may have the same digits in it.
            self.assertNotRegex(str(record.event), rf"(?<!\d){digits}(?!\d)")
        for path in (self.folder / "state").rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                self.assertNotIn(digits.encode(), content, path)
                self.assertNotIn(number.to_bytes(4, "little"), content, path)

    def test_the_right_passkey(self):
        subscriber, daemon = self.start_all("804711\n")
        reading = subscriber.wait_readings(1, "cuff")[0]
        self.assertEqual(reading.source.link, vocabulary_pb2.LINK_AUTHENTICATED)
        descriptor = subscriber.wait_descriptor("cuff", lambda d: d.pairing == vocabulary_pb2.PAIRING_BONDED)
        self.assertEqual(descriptor.expected_every_ms, 3600 * 1000)
        self.assert_secret(daemon, subscriber, "804711")

        # The bond and what is known of it outlast the hub's process.
        again = self.start_daemon(None)
        known = len(subscriber.wait_readings(1, "cuff"))
        last = subscriber.wait_readings(known + 1, "cuff")[-1]
        self.assertEqual(last.source.link, vocabulary_pb2.LINK_AUTHENTICATED)
        again.stop()

    def test_a_wrong_passkey(self):
        subscriber, daemon = self.start_all("804712\n")
        refused = subscriber.wait_records(
            lambda records: next((r.event for r in records
                                  if r.event.pairing.state == vocabulary_pb2.PAIRING_REFUSED), None), "a refusal")
        self.assertIn("six digits printed on the device", refused.pairing.advice)
        self.assert_secret(daemon, subscriber, "804712")
        self.assertFalse([r for r in subscriber.records() if r.HasField("reading")])

    def test_a_passkey_that_is_none(self):
        secret = self.folder / "passkey"
        secret.write_text("80471")
        secret.chmod(0o600)
        cuff = f'cuff: {{address: "C4:7C:8D:6A:12:34", passkey: {{file: {secret}}}}}'
        daemon = self.start_daemon(self.configuration(cuff), wait=False)
        self.assertEqual(daemon.wait_end(), 1)
        self.assertIn(f"devices.cuff.passkey: {secret} does not hold a passkey", daemon.output())
        self.assertNotIn("80471", daemon.output())


if __name__ == "__main__":
    unittest.main()
