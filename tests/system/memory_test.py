"""The daemon is killed again and again while it fetches what devices have in memory, joins pieces and registers
persons: each record is one reading in the end, whole, and of its person."""
import signal
import unittest

import harness

SCENARIO = """
seed: 7
adapters: {hci0: {address: "00:1A:7D:DA:71:13"}}
devices:
  meter:
    model: glucose
    address: "C4:7C:8D:10:00:05"
    clock: {as: date-time}
    advertise: {when: always, every: 100ms}
    measure:
      - {at: -10h, every: 10m, times: 60, glucose: 70..180, meal: fasting}
  sensor:
    model: continuous-glucose
    address: "C4:7C:8D:10:00:06"
    crc: true
    session-age: 6h
    advertise: {when: always, every: 100ms}
    measure:
      - {at: -5h, every: 5m, times: 60, glucose: 96..124}
  scale:
    model: weight-scale
    address: "E8:9E:B4:10:00:04"
    composition: true
    packets: 2
    memory: 100
    users: {1: {slot: 3, consent: 1234}}
    advertise: {when: always, every: 100ms}
    measure:
      - {at: 1s, every: 500ms, times: 40, user: 1, weight: 70..72, fat: 18..19, basal-metabolism: 7100}
"""
DEVICES = """
meter: {address: "C4:7C:8D:10:00:05", person: p-2}
sensor: {address: "C4:7C:8D:10:00:06", person: p-2}
scale: {address: "E8:9E:B4:10:00:04", slots: {3: p-1}, consent: {3: {file: FOLDER/consent}}}
"""
RECORDS = 60
# Readings at which the daemon is killed: in the first fetch, in later ones, between pieces.
KILLS = (2, 9, 25, 26, 60, 110)
LIMIT = 120


class Memory(harness.HubTest):
    def test_no_record_is_lost_or_doubled_however_often_the_daemon_is_killed(self):
        secret = self.folder / "consent"
        secret.write_text("1234")
        secret.chmod(0o600)
        self.start_bus()
        self.start_broker()
        subscriber = self.subscribe()
        configuration = self.configuration(DEVICES.replace("FOLDER", str(self.folder)),
                                           more="commands: {accept: none}")
        daemon = self.start_daemon(configuration)
        self.start_simulator(SCENARIO)
        for count in KILLS:
            subscriber.wait_readings(count, limit=LIMIT)
            daemon.stop(signal.SIGKILL)
            daemon = self.start_daemon(configuration)
        for device in ("meter", "sensor"):
            self.check_records(subscriber, device)
        self.check_persons(subscriber)
        self.assert_complete(subscriber)

    def check_records(self, subscriber, device):
        def whole(records):
            found = {}
            for reading in (r.reading for r in records if r.reading.device == device):
                if not reading.partial and not reading.observations[0].absent:
                    found.setdefault(reading.source.record_number, set()).add(reading.id)
            return found if len(found) >= RECORDS else None
        found = subscriber.wait_records(whole, f"{RECORDS} records of {device}", LIMIT)
        self.assertEqual(len(found), RECORDS)
        doubled = {number: ids for number, ids in found.items() if len(ids) > 1}
        self.assertFalse(doubled, "one record is one reading")

    def check_persons(self, subscriber):
        readings = subscriber.wait_readings(10, "scale", LIMIT)
        self.assertEqual({(r.user_slot, r.subject) for r in readings}, {(3, "p-1")})


if __name__ == "__main__":
    unittest.main()
