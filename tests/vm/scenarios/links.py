"""Connections that end where they should not, and values in great numbers."""
import dbus
import harness
import system
from scenario import HUB_ADAPTER, Scenario
from vitalgate.v1 import vocabulary_pb2 as words

CUFF = {"systolic": 128, "diastolic": 82}


class Links(Scenario):
    def setUp(self):
        self.records_bus = "two_thousand" not in self.id()
        super().setUp()

    def raw_values(self, subscriber):
        """Octets of each reading, by sequence."""
        readings = {r.sequence: r.reading for r in subscriber.records() if r.HasField("reading")}
        return [readings[sequence].source.raw[0].value.hex() for sequence in sorted(readings)]

    def offered(self):
        """Octets of each measurement in the order in which the device had them."""
        by_number = {entry["n"]: entry["hex"].lower() for entry in self.ledger("offered")}
        return [by_number[number] for number in sorted(by_number)]

    def wait_disconnected(self, subscriber):
        def first(records):
            return next((r.event.connection for r in records if r.HasField("event")
                         and r.event.HasField("connection") and not r.event.connection.connected), None)
        return subscriber.wait_records(first, "an event of a disconnection")

    def test_a_device_that_hangs_up_between_two_values(self):
        subscriber = self.meet("blood-pressure", disconnect={"after-values": 1, "times": 1},
                               measure=[{"at": "1s", **CUFF}, {"at": "1100ms", "systolic": 131, "diastolic": 84}])
        self.assertEqual(self.wait_disconnected(subscriber).reason, words.DISCONNECT_BY_DEVICE)
        subscriber.wait_readings(2)
        self.assertEqual(self.raw_values(subscriber), self.offered())
        self.assert_complete(subscriber)

    def test_a_device_that_hangs_up_while_it_is_read(self):
        subscriber = self.meet("blood-pressure", disconnect={"at": "read", "times": 1}, measure=[{"at": "1s", **CUFF}])
        subscriber.wait_readings(1)
        self.assertGreaterEqual(len(self.ledger("connected")), 2)

    def test_a_device_that_hangs_up_while_it_is_subscribed_to(self):
        subscriber = self.meet("thermometer", disconnect={"at": "subscribe", "times": 1},
                               measure=[{"at": "1s", "temperature": 36.7}])
        subscriber.wait_readings(1)

    def test_a_device_that_goes_out_of_range_and_comes_back(self):
        # On a slow machine it is connected late: then it goes later.
        away = [{"at": at, "for": "3s"} for at in ("13s", "43s", "83s")]
        subscriber = self.meet(
            "blood-pressure", measure=[{"at": "1s", **CUFF}, {"at": "14s", "systolic": 131, "diastolic": 84}],
            advertise={"when": "always", "every": "200ms", "away": away})
        subscriber.wait_readings(1)
        self.wait_disconnected(subscriber)
        subscriber.wait_readings(2)
        self.assertEqual(self.raw_values(subscriber), self.offered())

    def test_somebody_who_acquires_a_notification_takes_nothing_from_the_hub(self):
        subscriber = self.meet("heart-rate", measure=[{"every": "500ms", "rate": "60..90"}])
        subscriber.wait_readings(1)
        path = system.characteristic_path(HUB_ADAPTER, self.device_address, "00002a37-0000-1000-8000-00805f9b34fb")
        with self.assertRaises(dbus.DBusException) as refused:
            system.call_bluez(path, "org.bluez.GattCharacteristic1", "AcquireNotify", "a{sv}", {})
        self.assertTrue(refused.exception.get_dbus_name().startswith("org.bluez.Error."))
        subscriber.wait_readings(len(subscriber.wait_readings(1)) + 3)

    def test_two_thousand_values_complete_and_in_order(self):
        # Those that are measured before the hub is there wait in the device. Faster ones an emulated processor
        # cannot keep, which the hub would tell.
        subscriber = self.meet("heart-rate", memory=2000,
                               measure=[{"at": "2s", "every": "40ms", "times": 2000, "rate": "60..180",
                                         "interval": "400..1200"}])
        subscriber.messages.wait(arrived(2000), "2000 readings", limit=200)
        self.assertEqual(self.raw_values(subscriber), self.offered())
        self.assert_complete(subscriber)


def arrived(count):
    """Whether so many readings have come; each message is read once, which matters with thousands."""
    seen, ids = 0, set()

    def condition(messages):
        nonlocal seen
        ids.update(record.reading.id for record in harness.Subscriber.records_of(messages[seen:])
                   if record.HasField("reading"))
        seen = len(messages)
        return len(ids) >= count
    return condition
