"""The stand-in against the real BlueZ: what a hub sees of both has the same shape.

The real one's was recorded in the virtual machine (tests/vm/shape). Compared are properties, their signatures and which
of them are taken back, what successful calls answer, the order of what happens in a connection, and what one signal
tells together; not errors and times, which depend on the scenario. What is different and may be stands here, with the
reason.
"""
import json
import unittest

import bus_recording
import harness

SHAPES = sorted((harness.SOURCE / "tests" / "vm" / "shapes").glob("*.json"))
INTERFACES = ("Adapter1", "Device1", "GattService1", "GattCharacteristic1", "GattDescriptor1")
# Of the real one: what the stand-in does not have, and no hub of ours reads.
LEFT_OUT = {
    # Who has made the device, from a PnP id that no simulated one has; and what is younger than BlueZ 5.66.
    "Device1": ("Modalias", "AdvertisingFlags"),
    "Adapter1": ("Connectable", "Manufacturer", "PowerState", "Version"),
    "GattService1": ("Handle",), "GattCharacteristic1": ("Handle",), "GattDescriptor1": ("Handle",),
}

DEVICES = """
seed: 1
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    pairing: {demand: just-works, encrypt: [2A35]}
    advertise: {when: always, every: 200ms, manufacturer-data: {0x0101: "0102"}}
    disconnect: {when-done: 1s, times: 1}
    measure: [{at: 1s, systolic: 128, diastolic: 82}, {at: 12s, systolic: 130, diastolic: 84}]
"""


class BluezShapeTest(harness.HubTest):
    def record(self):
        self.start_bus()
        self.start_broker()
        recorder = bus_recording.Recorder(self.bus, self.folder / "dbus.pcap")
        self.addCleanup(recorder.stop)
        self.start_simulator(DEVICES)
        subscriber = self.subscribe()
        self.start_daemon(self.configuration('cuff: {address: "C4:7C:8D:6A:12:34"}'))
        readings = subscriber.wait_readings(2)
        subscriber.wait_descriptor("cuff", lambda descriptor: descriptor.HasField("battery_percent"))
        # dbus-monitor may be behind the hub.
        recorder.wait(*(reading.source.raw[0].value for reading in readings))
        recorder.stop()
        return bus_recording.shape(bus_recording.read(recorder.path))

    def test_what_a_hub_sees_of_the_stand_in_has_the_shape_of_the_real_one(self):
        self.assertTrue(SHAPES, "recordings of the real BlueZ")
        stand_in = self.record()
        for path in SHAPES:
            with self.subTest(real=path.stem):
                self.assertEqual(differences(stand_in, json.loads(path.read_text())), [])


def differences(stand_in, real):
    found = []
    for interface in INTERFACES:
        ours, theirs = (shape["properties"].get(interface, {}) for shape in (stand_in, real))
        left_out = LEFT_OUT.get(interface, ())
        found += [f"{interface}.{name} is missing" for name in theirs if name not in ours and name not in left_out]
        found += [f"{interface}.{name} is not in it" for name in ours if name not in theirs]
        found += [f"{interface}.{name} has the signature {ours[name]}, not {theirs[name]}"
                  for name in ours if name in theirs and ours[name] != theirs[name]]
    for call, answers in real["calls"].items():
        values = [answer for answer in answers if answer.startswith("(")]
        ours = [answer for answer in stand_in["calls"].get(call, values) if answer.startswith("(")]
        if values and ours and ours != values:
            found.append(f"{call} answers {ours}, not {values}")
    found += [f"{second} comes before {first}" for first, second in bus_recording.always(real["orders"])
              if f"{second} < {first}" in stand_in["orders"]]
    found += [f"one signal tells {both}" for both in stand_in["together"] if both not in real["together"]]
    found += [f"{name} is taken back" for name in stand_in["invalidated"] if name not in real["invalidated"]]
    found += [f"{name} is not taken back" for name in real["invalidated"]
              if name not in stand_in["invalidated"] and name.split(".")[0] in INTERFACES]
    return found


if __name__ == "__main__":
    unittest.main()
