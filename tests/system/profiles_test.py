"""Every kind of device at once, from its measurement to the subscriber: stored records, streams, values that
come in pieces, persons with codes, and every kind of clock. Each observation is checked."""
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2 as words

CLINIC = """
cuff: {address: "C4:7C:8D:10:00:01", slots: {1: p-1, 2: p-2}}
cuff-enhanced: {address: "C4:7C:8D:10:00:02", person: p-1}
thermometer: {address: "D0:5F:B8:10:00:03"}
scale:
  address: "E8:9E:B4:10:00:04"
  slots: {1: p-1, 2: p-2}
  consent: {1: {file: FOLDER/consent-1}, 2: {file: FOLDER/consent-2}}
meter: {address: "C4:7C:8D:10:00:05", person: p-2}
sensor: {address: "C4:7C:8D:10:00:06", person: p-2}
oximeter: {address: "D0:5F:B8:10:00:07"}
strap: {address: "F0:13:C3:10:00:08"}
"""
READINGS = "readings: {series-interval: 5s}\ncommands: {accept: none}"
LIMIT = 120


def shown(reading):
    """Code without its prefix -> the number as the device's digits, and unit; or the codes."""
    out = {}
    for o in reading.observations:
        name = o.code.removeprefix("MDC_").removeprefix("vitalgate:")
        if o.HasField("value"):
            out[name] = f"{o.value:.{o.decimals}f} {o.unit}"
        elif o.HasField("coded"):
            out[name] = o.coded.codes[0].code
        elif o.HasField("absent"):
            out[name] = words.Absent.Name(o.absent)
    return out


def pressure(systolic, diastolic, mean, pulse):
    return {"PRESS_BLD_NONINV_SYS": f"{systolic} mm[Hg]", "PRESS_BLD_NONINV_DIA": f"{diastolic} mm[Hg]",
            "PRESS_BLD_NONINV_MEAN": f"{mean} mm[Hg]", "PULS_RATE_NON_INV": f"{pulse} /min"}


# What the devices of the clinic measure, as the service gets it.
EXPECTED = {
    "cuff": [pressure(128, 82, 97, 71), pressure(112, 70, 84, 66)],
    "cuff-enhanced": [pressure(131, 84, 99, 73), pressure("127.5", "81.5", "96.5", "72.5"), pressure(124, 79, 94, 70)],
    "thermometer": [{"TEMP_BODY": "36.6 Cel"}, {"TEMP_BODY": "37.2 Cel"}],
    "scale": [
        {"MASS_BODY_ACTUAL": "71.400 kg", "RATIO_MASS_BODY_LEN_SQ": "23.1 kg/m2", "LEN_BODY_ACTUAL": "1.758 m",
         "BODY_FAT": "18.5 %", "basal-metabolism": "7100 kJ", "muscle-percentage": "42.5 %",
         "muscle-mass": "30.300 kg", "MASS_BODY_FAT_FREE": "58.200 kg", "MASS_BODY_SOFT_LEAN": "55.300 kg",
         "BODY_WATER": "42.600 kg", "body-impedance": "512.0 Ohm"},
        {"MASS_BODY_ACTUAL": "84.650 kg", "BODY_FAT": "24.0 %", "basal-metabolism": "7900 kJ",
         "muscle-percentage": "38.1 %", "muscle-mass": "32.200 kg", "MASS_BODY_FAT_FREE": "64.300 kg",
         "MASS_BODY_SOFT_LEAN": "61.100 kg", "BODY_WATER": "47.100 kg", "body-impedance": "478.0 Ohm"}],
    "meter": [
        {"CONC_GLU_CAPILLARY_WHOLEBLOOD": "95 mg/dL", "CTXT_GLU_MEAL": "vitalgate:meal-fasting",
         "CTXT_GLU_TESTER": "vitalgate:tester-self", "CTXT_GLU_HEALTH": "vitalgate:health-no-issues"},
        {"CONC_GLU_CAPILLARY_WHOLEBLOOD": "142 mg/dL", "CTXT_GLU_CARB": "45 g",
         "CTXT_GLU_MEAL": "vitalgate:meal-postprandial", "exercise-duration": "1800 s", "CTXT_GLU_EXERCISE": "60 %",
         "medication-volume": "0.12 mL"},
        {"CONC_GLU_CAPILLARY_WHOLEBLOOD": "ABSENT_POSITIVE_INFINITY"}],
    "oximeter": [{"PULS_OXIM_SAT_O2": "97 %", "PULS_OXIM_PULS_RATE": "64 /min", "PULS_OXIM_PERF_REL": "1.5 %"}],
}
# Code, unit, and the range in which the device draws its samples.
STREAM = [("MDC_PULS_OXIM_SAT_O2", "%", 94, 98), ("MDC_PULS_OXIM_PULS_RATE", "/min", 61, 66),
          ("MDC_PULS_OXIM_PERF_REL", "%", 1.2, 1.9)]


class Profiles(harness.HubTest):
    def start_clinic(self):
        for slot, code in ((1, "1234"), (2, "4321")):
            secret = self.folder / f"consent-{slot}"
            secret.write_text(code)
            secret.chmod(0o600)
        self.start_bus()
        self.start_broker()
        self.subscriber = self.subscribe()
        self.start_daemon(self.configuration(CLINIC.replace("FOLDER", str(self.folder)), more=READINGS))
        # What has records and is connected before it has measured all would keep the rest until the hub hangs up.
        clinic = (harness.SOURCE / "packaging/scenarios/clinic.yaml").read_text()
        for clock in ("    clock: {as: date-time}\n", "    clock: {as: device-time}\n"):
            clinic = clinic.replace(clock, f"{clock}    live: true\n")
        self.start_simulator(clinic)

    def readings(self, count, device):
        return self.subscriber.wait_readings(count, device, limit=LIMIT)

    def wait_refused(self, device, reason):
        def found(records):
            return next((r.event.refused for r in records
                         if r.event.device == device and r.event.refused.reason == reason), None)
        return self.subscriber.wait_records(found, f"a refused measurement of {device}", LIMIT)

    def test_a_clinic(self):
        self.start_clinic()
        self.check_cuff()
        self.check_enhanced_cuff()
        self.check_thermometer()
        self.check_scale()
        self.check_meter()
        self.check_sensor()
        self.check_oximeter()
        self.check_strap()
        self.check_descriptors()
        self.assert_complete(self.subscriber)

    def check_all(self, device):
        """Exactly these readings, each with exactly these observations."""
        expected = EXPECTED[device]
        readings = self.readings(len(expected), device)
        found = [(r.user_slot, shown(r)) for r in readings]
        self.assertCountEqual([observations for _, observations in found], expected)
        return {expected.index(shown(r)): r for r in readings}

    def check_cuff(self):
        readings = self.check_all("cuff")
        self.assertEqual((readings[0].subject, list(readings[0].status)), ("p-1", ["irregular-pulse"]))
        self.assertEqual(readings[1].subject, "p-2")
        self.assertTrue(self.wait_refused("cuff", words.REFUSED_FAILED).source.raw[0].value)

    def check_enhanced_cuff(self):
        for reading in self.check_all("cuff-enhanced").values():
            self.assertEqual((reading.kind, reading.subject), ("blood-pressure", "p-1"))
            self.assertLess(abs(reading.measured.seconds - reading.received.time.seconds), 90,
                            "what the person sees is an hour ahead of the clock inside")

    def check_thermometer(self):
        # The values on the way to the final one are none.
        readings = self.check_all("thermometer")
        self.assertEqual(readings[0].observations[0].body_site.code, "MDC_TEMP_EAR")

    def check_scale(self):
        readings = self.check_all("scale")
        self.assertEqual((readings[0].kind, readings[0].subject, readings[0].partial), ("weight", "p-1", False))
        self.assertEqual([raw.characteristic for raw in readings[0].source.raw], ["2A9D", "2A9C", "2A9C"])
        self.assertEqual(readings[1].subject, "p-2")

    def check_meter(self):
        readings = self.check_all("meter")
        fasting, eaten, high = readings[0], readings[1], readings[2]
        self.assertEqual((fasting.kind, fasting.partial, fasting.source.record_number), ("glucose", False, 0))
        self.assertEqual((fasting.id_basis, eaten.partial), (words.ID_BOTH, False))
        kinds = {o.code: list(o.status) for o in eaten.observations if o.status}
        self.assertEqual(kinds, {"MDC_CTXT_GLU_CARB": ["breakfast"], "vitalgate:medication-volume":
                                 ["rapid-acting-insulin"]})
        self.assertEqual(high.observations[0].comparator, words.COMPARATOR_ABOVE)
        control = self.wait_refused("meter", words.REFUSED_CONTROL_SOLUTION)
        self.assertTrue(control.source.raw[0].value)

    def check_sensor(self):
        def all_of_it(records):
            found = [r.reading for r in records if r.reading.device == "sensor"]
            gaps = [r for r in found if r.duration_ms]
            return (gaps, [r for r in found if r not in gaps]) if gaps and len(found) >= 15 else None
        gaps, readings = self.subscriber.wait_records(all_of_it, "14 records of a sensor and a gap", LIMIT)
        self.assertEqual([(r.kind, shown(r), r.duration_ms) for r in gaps],
                         [("glucose-continuous", {"CONC_GLU_ISF": "ABSENT_NOT_RECORDED"}, 600_000)], "a gap is a gap")
        self.assertEqual(len(readings), 14)
        for reading in readings:
            self.assertEqual(reading.kind, "glucose-continuous")
            found = shown(reading)
            self.assertTrue(96 <= float(found["CONC_GLU_ISF"].split()[0]) <= 124, found)
            self.assertTrue(-1.5 <= float(found["glucose-trend"].split()[0]) <= 1.5, found)
            self.assertTrue(90 <= float(found["glucose-quality"].split()[0]) <= 99, found)
            self.assertNotEqual(reading.time_basis, words.TIME_RECEIVED, "its session has got the hub's time")
            age = reading.received.time.seconds - reading.measured.seconds
            self.assertTrue(-120 < age < 85 * 60, f"measured {age} s before: over an hour was in its memory")

    def check_oximeter(self):
        def both(records):
            found = [r.reading for r in records if r.reading.device == "oximeter"]
            spot = [r for r in found if r.observations[0].HasField("value")]
            samples = sum(len(o.samples.raw) for r in found for o in r.observations[:1])
            return (spot, [r for r in found if r not in spot]) if spot and samples >= 5 else None
        spots, series = self.subscriber.wait_records(both, "a spot check and a series", LIMIT)
        self.assertEqual([shown(r) for r in spots], EXPECTED["oximeter"])
        self.assertIn("fully-qualified", spots[0].status)
        self.assertLessEqual(len(series), 4, "a stream is never a message a value")
        for reading in series:
            self.assertEqual(len(reading.observations), len(STREAM))
            for observation, (code, unit, least, most) in zip(reading.observations, STREAM):
                samples = observation.samples
                self.assertEqual((observation.code, observation.unit), (code, unit))
                values = [round(raw * samples.scale + samples.offset, 9) for raw in samples.raw]  # 19 × 0.1 is above 1.9
                self.assertTrue(all(least <= value <= most for value in values), values)
            self.assertTrue(reading.duration_ms)
        self.wait_refused("oximeter", words.REFUSED_DEMO)

    def check_strap(self):
        strap = self.readings(1, "strap")[0]
        found = shown(strap)
        self.assertEqual(set(found), {"ECG_HEART_RATE", "HF_ENERGY"})
        self.assertTrue(62 <= float(found["ECG_HEART_RATE"].split()[0]) <= 88)
        self.assertTrue(10 <= float(found["HF_ENERGY"].split()[0]) <= 12)
        intervals = next(o for o in strap.observations if o.HasField("samples")).samples
        self.assertEqual(len(intervals.raw), 2)
        self.assertTrue(all(779 <= raw * intervals.scale <= 821 for raw in intervals.raw))

    def check_descriptors(self):
        sensor = self.subscriber.wait_descriptor("sensor", lambda d: d.settings)
        names = {setting.name for setting in sensor.settings}
        self.assertLessEqual({"communication-interval", "alert-hypo", "session-run-time"}, names)
        offered = {spec.kind: spec.own_permission for spec in sensor.commands}
        self.assertTrue(offered["calibrate"] and offered["set-alert-limit"])
        self.assertIn("fetch-records", offered)
        self.assertIn("reset-energy", {spec.kind for spec in self.subscriber.wait_descriptor("strap").commands})


if __name__ == "__main__":
    unittest.main()
