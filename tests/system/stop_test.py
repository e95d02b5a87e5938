"""SIGTERM ends the daemon cleanly within 5 s, whatever it is doing."""
import signal
import socket
import threading
import time
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2

LIMIT_SECONDS = 5
AWKWARD = """
seed: 1
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    advertise: {when: always, every: 100ms, signal: -60dBm}
    measure: [{every: 50ms, times: 5000, systolic: 118..142, diastolic: 74..88, pulse: 58..80}]
"""


class Stop(harness.HubTest):
    def assert_ends(self, daemon, how=signal.SIGTERM):
        status, seconds = daemon.stop(how, limit=30)
        self.assertEqual(status, 0, daemon.output()[-2000:])
        self.assertLess(seconds, LIMIT_SECONDS)

    def test_connected_and_busy_says_goodbye(self):
        self.start_bus()
        self.start_broker()
        subscriber = self.subscribe()
        self.start_simulator(AWKWARD)
        daemon = self.start_daemon(self.configuration(harness.CUFF))
        subscriber.wait_readings(5)
        self.assert_ends(daemon)
        stopped = subscriber.wait_status(vocabulary_pb2.HUB_STOPPED)
        self.assertEqual(stopped.hub, self.hub)
        # What was noticed last is kept, and comes with the next start at the latest.
        self.start_daemon(None)
        subscriber.wait_records(lambda records: any(
            r.event.hub.kind == vocabulary_pb2.HUB_EVENT_STOPPING for r in records), "the event stopping")

    def test_interrupt(self):
        self.start_bus()
        daemon = self.start_daemon(self.configuration(harness.CUFF))
        self.assert_ends(daemon, signal.SIGINT)

    def test_without_bus_and_broker(self):
        daemon = self.start_daemon(self.configuration(harness.CUFF))
        self.assert_ends(daemon)

    def test_at_any_moment_of_the_start(self):
        self.start_bus()
        self.start_broker()
        self.start_simulator(AWKWARD)
        for milliseconds in (1, 5, 10, 20, 40, 80, 160, 320):
            with self.subTest(milliseconds=milliseconds):
                daemon = self.start_daemon(self.configuration(harness.CUFF), wait=False)
                time.sleep(milliseconds / 1000)  # the moment itself is what is tested
                status, seconds = daemon.stop(limit=30)
                self.assertIn(status, (0, -signal.SIGTERM), daemon.output()[-2000:])
                self.assertLess(seconds, LIMIT_SECONDS)

    def test_while_tls_gets_no_answer(self):
        silent = socket.create_server(("127.0.0.1", 0))
        accepted = threading.Event()

        def accept():
            connection, _ = silent.accept()
            connection.recv(1)
            accepted.set()
            connection.recv(65536)

        threading.Thread(target=accept, daemon=True).start()
        self.addCleanup(silent.close)
        self.start_bus()
        port = silent.getsockname()[1]
        daemon = self.start_daemon(self.configuration(
            harness.CUFF, f"broker: mqtts://localhost:{port}\ntls: {{ca: system}}"))
        self.assertTrue(accepted.wait(harness.PATIENCE), "the handshake has begun")
        self.assert_ends(daemon)

    def test_while_the_resolver_never_answers(self):
        self.start_bus()
        daemon = self.start_daemon(
            self.configuration(harness.CUFF, "broker: mqtts://broker.care.example:8883\ntls: {ca: system}"),
            env=self.preloading("libstalling_resolver.so"))
        daemon.wait_line("stalling_resolver: asked")
        self.assert_ends(daemon)


if __name__ == "__main__":
    unittest.main()
