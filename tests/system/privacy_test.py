"""No health value, address, name or credential in a log, a topic or, addresses, anywhere upstream."""
import re
import unittest

import harness

ADDRESS = "C4:7C:8D:6A:12:34"
# A pulse that no duration or count in a log is likely to be.
PULSE = 97.3
SCENARIO = f"""
seed: 5
adapters: {{hci0: {{address: "00:11:22:33:44:55"}}}}
devices:
  cuff:
    model: blood-pressure
    address: "{ADDRESS}"
    information: {{name: ANNAS-BP, manufacturer: Example, model: BP-1, serial: SN-88412-77}}
    advertise: {{when: always, every: 200ms, signal: -60dBm}}
    users: {{1: {{slot: 1}}}}
    measure:
      - {{at: 500ms, user: 1, failed: true}}
      - {{every: 300ms, times: 20, user: 1, systolic: 151.3, diastolic: 88.7, mean: 109.1, pulse: {PULSE}}}
"""


class Privacy(harness.HubTest):
    def test_debug_log_topics_and_payloads(self):
        self.start_bus()
        self.start_broker()
        subscriber = self.subscribe()
        secret = self.folder / "password"
        secret.write_text("correct-horse-battery")
        secret.chmod(0o600)
        daemon = self.start_daemon(self.configuration(
            f'cuff: {{address: "{ADDRESS}", slots: {{1: p-1}}}}',
            f"broker: mqtt://127.0.0.1:{self.port}\nuser: {self.hub}\npassword: {{file: {secret}}}",
            "log: {level: debug}\ncommands: {accept: none}"))
        self.start_simulator(SCENARIO)
        subscriber.wait_event("refused", "cuff")
        readings = subscriber.wait_readings(5, "cuff")
        self.assertEqual({r.subject for r in readings}, {"p-1"})
        daemon.stop()

        log = daemon.output()
        self.assertIn("cuff", log, "the log speaks of the device by its configured name")
        in_all_forms = [ADDRESS, ADDRESS.replace(":", "_"), ADDRESS.replace(":", ""), ADDRESS[-8:].replace(":", "_")]
        forbidden = in_all_forms + ["Anna", "p-1", "ANNAS", "SN-88412", "correct-horse", "151.3", "88.7", "109.1",
                                    str(PULSE)] + [r.source.raw[0].value.hex() for r in readings]
        for word in forbidden:
            self.assertNotIn(word.lower(), log.lower(), f"{word} in the log")

        octets = bytes.fromhex(ADDRESS.replace(":", ""))
        for message in subscriber.messages.snapshot():
            self.assertRegex(message.topic, r"^vitalgate/v1/hub-test/[A-Za-z0-9._/-]+$")
            for form in in_all_forms:
                self.assertNotIn(form.lower().encode(), message.payload.lower(), f"address on {message.topic}")
            self.assertNotIn(octets, message.payload)
            self.assertNotIn(octets[::-1], message.payload)
            self.assertNotIn(b"SN-88412", message.payload, "the serial number is not asked for")

    def test_files_are_the_hubs_alone_and_sealed(self):
        self.start_bus()
        self.start_broker()
        subscriber = self.subscribe()
        self.start_daemon(self.configuration(f'cuff: {{address: "{ADDRESS}"}}'))
        self.start_simulator(SCENARIO)
        subscriber.wait_readings(3, "cuff")
        for path in (self.folder / "state").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, f"{path} is open to others")
            if path.is_file():
                content = path.read_bytes()
                self.assertNotIn(b"MDC_PRESS", content, f"{path} holds a reading in clear")
                self.assertIsNone(re.search(ADDRESS.encode(), content, re.I), f"{path} holds an address in clear")


if __name__ == "__main__":
    unittest.main()
