"""From the device to the subscriber: every profile arrives decoded, complete, with honest time and the
right person."""
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2

HOUSEHOLD = """
cuff: {address: "C4:7C:8D:6A:12:34", slots: {1: p-1, 2: p-2}}
thermometer: {address: "D0:5F:B8:11:22:33"}
scale: {address: "E8:9E:B4:0A:0B:0C", slots: {1: p-1}}
strap: {address: "F0:13:C3:55:66:77", person: p-2}
"""
CAPTURES = """
thermometer-plain: {address: "C0:00:00:00:00:01"}
thermometer-unset: {address: "C0:00:00:00:00:02"}
cuff-failed: {address: "C0:00:00:00:00:03"}
cuff-reserved: {address: "C0:00:00:00:00:04"}
scale: {address: "C0:00:00:00:00:05"}
scale-bf600: {address: "C0:00:00:00:00:06"}
scale-composition: {address: "C0:00:00:00:00:07"}
meter-offset: {address: "C0:00:00:00:00:08"}
meter-ketone: {address: "C0:00:00:00:00:09"}
oximeter: {address: "C0:00:00:00:00:0A"}
"""
AWKWARD = """
bonded-cuff: {address: "C4:7C:8D:00:00:01"}
stubborn-cuff: {address: "C4:7C:8D:00:00:02"}
frozen-thermometer: {address: "D0:5F:B8:00:00:03"}
nervous-scale: {address: "E8:9E:B4:00:00:04"}
"""
SCENARIOS = harness.SOURCE / "packaging/scenarios"


def values(reading):
    """Code without its prefix -> the number as the device's digits, and unit."""
    return {o.code.removeprefix("MDC_"): f"{o.value:.{o.decimals}f} {o.unit}"
            for o in reading.observations if o.HasField("value")}


class Readings(harness.HubTest):
    def start_all(self, devices, scenario):
        self.start_bus()
        self.start_broker()
        subscriber = self.subscribe()
        daemon = self.start_daemon(self.configuration(devices))
        self.start_simulator(scenario)
        return subscriber, daemon

    def test_a_household(self):
        subscriber, daemon = self.start_all(HOUSEHOLD, SCENARIOS / "household.yaml")

        cuff = subscriber.wait_readings(1, "cuff", limit=90)[0]
        self.assertEqual(values(cuff), {"PRESS_BLD_NONINV_SYS": "128 mm[Hg]", "PRESS_BLD_NONINV_DIA": "82 mm[Hg]",
                                        "PRESS_BLD_NONINV_MEAN": "97 mm[Hg]", "PULS_RATE_NON_INV": "71 /min"})
        self.assertEqual(list(cuff.status), ["irregular-pulse"])
        self.assertEqual((cuff.kind, cuff.subject, cuff.user_slot), ("blood-pressure", "p-1", 1))
        self.assertEqual(cuff.subject_basis, vocabulary_pb2.SUBJECT_SLOT)
        self.assertEqual((cuff.type.mdc, cuff.type.loinc), (150020, "85354-9"))
        self.assertEqual([o.loinc for o in cuff.observations], ["8480-6", "8462-4", "8478-0", "8867-4"])
        # Its clock is 16 years behind: the time is corrected, says so, and the original stays.
        self.assertEqual(cuff.time_basis, vocabulary_pb2.TIME_CORRECTED)
        self.assertLess(cuff.device_clock.ahead_ms, -15 * 365 * 86400 * 1000)
        self.assertTrue(cuff.device_time.startswith("20"))
        measured = next(entry for entry in self.ledger("measured") if entry["device"] == "cuff")
        self.assertLess(abs(cuff.measured.seconds - harness.seconds_of(measured["t"])), 15)
        self.assertEqual(cuff.source.raw[0].characteristic, "2A35")
        self.assertEqual(cuff.id_basis, vocabulary_pb2.ID_DEVICE_TIME)

        failed = subscriber.wait_event("refused", "cuff", limit=90)
        self.assertEqual(failed.refused.reason, vocabulary_pb2.REFUSED_FAILED)
        self.assertTrue(failed.refused.source.raw[0].value)

        thermometer = subscriber.wait_readings(1, "thermometer", limit=90)[0]
        self.assertEqual(thermometer.kind, "body-temperature")
        self.assertEqual(thermometer.observations[0].unit, "Cel")
        self.assertEqual(thermometer.observations[0].decimals, 1)
        self.assertEqual(thermometer.observations[0].body_site.code, "MDC_TEMP_EAR")
        self.assertEqual((thermometer.subject, thermometer.subject_basis), ("", vocabulary_pb2.SUBJECT_UNASSIGNED))

        scales = subscriber.wait_readings(2, "scale", limit=90)
        by_slot = {reading.user_slot: reading for reading in reversed(scales)}  # the first of each
        self.assertEqual(values(by_slot[1])["MASS_BODY_ACTUAL"], "71.400 kg")
        self.assertEqual(by_slot[1].subject, "p-1")
        self.assertEqual(values(by_slot[2])["MASS_BODY_ACTUAL"], "84.650 kg")
        self.assertEqual(by_slot[2].subject, "", "slot 2 is nobody's in this configuration: never guessed")

        strap = subscriber.wait_readings(1, "strap", limit=90)[0]
        self.assertEqual((strap.kind, strap.subject, strap.subject_basis),
                         ("heart-rate", "p-2", vocabulary_pb2.SUBJECT_DEVICE))
        self.assertIn("ECG_HEART_RATE", values(strap))

        self.check_retained(subscriber)
        self.assert_complete(subscriber)
        self.assertIn("effect", {entry["what"] for entry in self.ledger()}, "the hub has set the cuff's clock")
        status, _ = daemon.stop()
        self.assertEqual(status, 0)

    def check_retained(self, live):
        """What a back end that comes later finds."""
        live.wait_descriptor("cuff", lambda d: d.HasField("battery_percent"))
        later = self.subscribe()
        status = later.wait_status(vocabulary_pb2.HUB_ONLINE)
        self.assertEqual((status.hub, status.schema), (self.hub, "1.0"))
        self.assertTrue(status.stream and status.version and status.os)
        self.assertEqual(sum(status.devices.values()), 4)
        descriptor = later.wait_descriptor("cuff")
        self.assertEqual((descriptor.manufacturer, descriptor.model, descriptor.battery_percent),
                         ("Example Medical", "BP-7000", 80))
        self.assertEqual((descriptor.address, descriptor.serial), ("", ""), "only with device-identifiers: plain")

    def test_payloads_captured_from_real_devices(self):
        subscriber, _ = self.start_all(CAPTURES, SCENARIOS / "captures.yaml")
        plain = subscriber.wait_readings(1, "thermometer-plain", limit=90)[0]
        self.assertEqual(values(plain), {"TEMP_BODY": "34.11 Cel"})
        self.assertEqual(plain.time_basis, vocabulary_pb2.TIME_RECEIVED)
        self.assertEqual(plain.id_basis, vocabulary_pb2.ID_RECEIPT)

        unset = subscriber.wait_readings(1, "thermometer-unset", limit=90)[0]
        self.assertEqual(values(unset), {"TEMP_BODY": "36.3 Cel"})
        self.assertEqual(unset.device_time, "2010-01-02T01:31:00")
        self.assertNotEqual(unset.time_basis, vocabulary_pb2.TIME_DEVICE)

        reserved = subscriber.wait_readings(1, "cuff-reserved", limit=90)[0]
        found = values(reserved)
        self.assertEqual((found["PRESS_BLD_NONINV_SYS"], found["PRESS_BLD_NONINV_DIA"]),
                         ("116.0 mm[Hg]", "80.0 mm[Hg]"))
        mean = next(o for o in reserved.observations if o.code.endswith("_MEAN"))
        self.assertEqual(mean.absent, vocabulary_pb2.ABSENT_NOT_A_NUMBER)

        scale = subscriber.wait_readings(1, "scale", limit=90)[0]
        self.assertEqual(values(scale)["RATIO_MASS_BODY_LEN_SQ"], "23.8 kg/m2")

        composition = subscriber.wait_readings(1, "scale-composition", limit=90)[0]
        self.assertEqual((composition.kind, values(composition)["BODY_FAT"]), ("body-composition", "19.7 %"))

        ketone = subscriber.wait_readings(1, "meter-ketone", limit=90)[0]
        self.assertEqual(values(ketone), {"CONC_GLU_CAPILLARY_WHOLEBLOOD": "112 mg/dL"})

        spot = subscriber.wait_readings(1, "oximeter", limit=90)[0]
        self.assertEqual(values(spot)["PULS_OXIM_SAT_O2"], "97 %")
        self.assertEqual(spot.time_basis, vocabulary_pb2.TIME_RECEIVED, "it says that its clock was never set")

        failed = subscriber.wait_event("refused", "cuff-failed", limit=90)
        self.assertEqual(failed.refused.reason, vocabulary_pb2.REFUSED_FAILED)

        # Its context was announced and never came.
        offset = subscriber.wait_readings(1, "meter-offset", limit=90)[0]
        self.assertTrue(offset.partial)
        self.assertEqual(values(offset), {"CONC_GLU_UNDETERMINED_PLASMA": "119 mg/dL"})
        self.assertFalse([r for r in subscriber.records() if r.reading.device == "cuff-failed"])

    def test_awkward_devices(self):
        subscriber, _ = self.start_all(AWKWARD, SCENARIOS / "awkward.yaml")
        bonded = subscriber.wait_readings(1, "bonded-cuff", limit=90)[0]
        self.assertEqual(bonded.source.link, vocabulary_pb2.LINK_ENCRYPTED)
        self.assertEqual(bonded.time_basis, vocabulary_pb2.TIME_CORRECTED, "its clock is 84 years ahead")

        stubborn = subscriber.wait_readings(1, "stubborn-cuff", limit=90)[0]
        systolic = stubborn.observations[0]
        self.assertEqual((systolic.unit, systolic.reported.unit), ("mm[Hg]", "kPa"))
        self.assertAlmostEqual(systolic.value, systolic.reported.value * 7.50062, delta=0.1)

        # Its clock stands still: two measurements with one time stay two.
        frozen = subscriber.wait_readings(2, "frozen-thermometer", limit=90)
        self.assertEqual({r.observations[0].reported.unit for r in frozen}, {"[degF]"})

        nervous = subscriber.wait_readings(1, "nervous-scale", limit=90)[0]
        self.assertEqual(nervous.observations[0].reported.unit, "[lb_av]")
        self.assertFalse(nervous.HasField("user_slot"), "255 is nobody")
        failed = subscriber.wait_event("refused", "nervous-scale", limit=90)
        self.assertEqual(failed.refused.reason, vocabulary_pb2.REFUSED_FAILED)
        self.assert_complete(subscriber)


if __name__ == "__main__":
    unittest.main()
