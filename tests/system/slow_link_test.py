"""A line of a few kilobytes a second with a long delay: what waits moves on, live readings pass, the connection stays."""
import socket
import threading
import time
import unittest

import harness

RATE_PER_S, DELAY_S = 8_000, 0.3  # each direction
KEEP_ALIVE_S = 10  # the shortest that can be configured
WAITING, LIVE = 320, 3  # readings: that come at once while there is no way, and live ones while they go out
OVERTAKEN = 48 * 1024  # octets of backlog that may come before a live reading; a batch that is let out whole has 64 KiB
VALUES = "systolic: 118..142, diastolic: 74..88, pulse: 58..80"
SCENARIO = harness.cuff_scenario(
    f"{{at: 2s, every: 5ms, times: {WAITING}, {VALUES}}}, {{at: 5s, every: 700ms, times: 1000, {VALUES}}}", seed=12,
    memory=WAITING + 1000)


class SlowWay(harness.Forwarder):
    """A way to the broker over which so many octets a second go, each so much later."""

    def open(self):
        super().open()
        # What the line has not taken waits at the sender, as it would with a real one.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def _copy(self, source, sink):
        due = []  # (time, octets) under way
        changed = threading.Condition()

        def deliver():
            while True:
                with changed:
                    changed.wait_for(lambda: due)
                    at, data = due.pop(0)
                time.sleep(max(0, at - time.monotonic()))
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_RDWR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=deliver, daemon=True).start()
        data = b"?"
        while data:
            try:
                data = source.recv(512)
            except OSError:
                data = b""
            with changed:
                due.append((time.monotonic() + DELAY_S, data))
                changed.notify()
            time.sleep(len(data) / RATE_PER_S)


class SlowLink(harness.HubTest):
    def test_live_readings_pass_what_waits_and_the_connection_stays(self):
        self.start_bus()
        way = SlowWay(self.port)
        self.addCleanup(way.close)
        self.start_broker()
        service = self.subscribe()
        configuration = self.configuration(harness.CUFF, f"broker: mqtt://127.0.0.1:{way.port}\nkeep-alive: {KEEP_ALIVE_S}s")
        daemon = self.start_daemon(configuration)
        self.start_simulator(SCENARIO)
        self.wait_flood_taken()
        # A new one does not wait before it tries to connect.
        daemon.stop()
        way.open()
        daemon = self.start_daemon(configuration)
        service.messages.wait(lambda messages: self.is_through(messages) and len(self.live(service)) >= LIVE,
                              "all that waited, and live readings")
        waited = [len(m.payload) for m in service.messages.snapshot() if m.topic.endswith("/batches")]
        self.assertGreater(sum(waited), OVERTAKEN, "enough waits that a reading behind it would be late")
        live = self.live(service)
        self.assertLess(max(between for _, between in live), OVERTAKEN)
        lines = daemon.lines.snapshot()
        self.assertEqual(sum("connected to" in line for line in lines), 1, "one connection")
        self.assertFalse([line for line in lines if "connection lost" in line])
        print(f"\nslow link: {sum(waited)} octets in {len(waited)} batches, "
              f"live readings after {max(live)[0]:.1f} s at most", flush=True)

    def wait_flood_taken(self):
        self.wait_entry(lambda entry: entry["what"] == "taken" and entry["n"] > WAITING, "what comes behind the flood")

    @staticmethod
    def is_through(messages):
        seen = {record.sequence for record in harness.Subscriber.records_of(messages)}
        return len(seen) >= WAITING and len(seen) == max(seen)

    def live(self, service):
        """Of each reading that was taken when the hub was connected: seconds to the subscriber, and octets of backlog that
        came meanwhile."""
        since_epoch_s = time.time() - time.monotonic()
        arrivals = [(message.timestamp + since_epoch_s, message) for message in service.messages.snapshot()]
        connected_s = arrivals[0][0]
        payloads = {entry["n"]: entry["hex"].lower() for entry in self.ledger("offered")}
        taken_s = {payloads[entry["n"]]: harness.seconds_of(entry["t"]) for entry in self.ledger("taken") if entry["n"] > WAITING}
        found = []
        for at_s, message in arrivals:
            for record in service.records_of([message]):
                begin_s = record.HasField("reading") and taken_s.pop(record.reading.source.raw[0].value.hex(), None)
                if begin_s and begin_s > connected_s:
                    between = sum(len(m.payload) for s, m in arrivals if begin_s < s < at_s and m.topic.endswith("/batches"))
                    found.append((at_s - begin_s, between))
        return found


if __name__ == "__main__":
    unittest.main()
