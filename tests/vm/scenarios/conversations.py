"""Devices that want to be talked to before they give anything: record access, consent, a session's time."""
from scenario import DEVICE, Scenario, numbers
from vitalgate.v1 import vocabulary_pb2 as words


# Code, and the range in which the oximeter draws its samples.
STREAM = [("MDC_PULS_OXIM_SAT_O2", 94, 98), ("MDC_PULS_OXIM_PULS_RATE", 61, 66)]


class Conversations(Scenario):
    def test_a_glucose_meter_gives_its_records_with_their_context(self):
        subscriber = self.meet(
            "glucose", configured="person: p-2",
            measure=[{"at": "200ms", "glucose": 95, "meal": "fasting", "tester": "self", "health": "no-issues"},
                     {"at": "300ms", "glucose": 118, "control": True},
                     {"at": "400ms", "glucose": 142}])
        first, last = subscriber.wait_readings(2)
        self.assertEqual((first.kind, first.subject, first.partial), ("glucose", "p-2", False))
        self.assertEqual((numbers(first), numbers(last)), ({"CONC_GLU_CAPILLARY_WHOLEBLOOD": "95 mg/dL"},
                                                           {"CONC_GLU_CAPILLARY_WHOLEBLOOD": "142 mg/dL"}))
        self.assertEqual({o.code: o.coded.codes[0].code for o in first.observations if o.HasField("coded")},
                         {"MDC_CTXT_GLU_MEAL": "vitalgate:meal-fasting",
                          "MDC_CTXT_GLU_TESTER": "vitalgate:tester-self",
                          "MDC_CTXT_GLU_HEALTH": "vitalgate:health-no-issues"})
        self.assertEqual([raw.characteristic for raw in first.source.raw], ["2A18", "2A34"])
        event = subscriber.wait_event("refused", DEVICE)
        self.assertEqual(event.refused.reason, words.REFUSED_CONTROL_SOLUTION)

    def test_a_cuff_gives_its_stored_records(self):
        subscriber = self.meet(
            "blood-pressure", enhanced=True, crc=True,
            measure=[{"at": "200ms", "user": 1, "systolic": 131, "diastolic": 84, "mean": 99, "pulse": 73},
                     {"at": "400ms", "user": 1, "systolic": 127.5, "diastolic": 81.5, "mean": 96.5, "pulse": 72.5}])
        readings = subscriber.wait_readings(2)
        self.assertCountEqual([numbers(r) for r in readings], [
            {"PRESS_BLD_NONINV_SYS": "131 mm[Hg]", "PRESS_BLD_NONINV_DIA": "84 mm[Hg]",
             "PRESS_BLD_NONINV_MEAN": "99 mm[Hg]", "PULS_RATE_NON_INV": "73 /min"},
            {"PRESS_BLD_NONINV_SYS": "127.5 mm[Hg]", "PRESS_BLD_NONINV_DIA": "81.5 mm[Hg]",
             "PRESS_BLD_NONINV_MEAN": "96.5 mm[Hg]", "PULS_RATE_NON_INV": "72.5 /min"}])
        self.assertEqual([r.user_slot for r in readings], [1, 1])

    def test_a_scale_gives_weight_and_composition_after_the_persons_consent(self):
        subscriber = self.meet(
            "weight-scale", configured=f"slots: {{1: p-1}}, consent: {{1: {self.secret('1234')}}}",
            composition=True, packets=2, users={"1": {"slot": 1, "consent": 1234}},
            measure=[{"at": "500ms", "user": 1, "weight": 71.40, "fat": 18.5, "muscle": 42.5, "muscle-mass": 30.3,
                      "fat-free-mass": 58.2, "soft-lean-mass": 55.3, "water-mass": 42.6, "impedance": 512}])
        reading = subscriber.wait_readings(1)[0]
        self.assertEqual((reading.kind, reading.subject, reading.partial), ("weight", "p-1", False))
        self.assertEqual(numbers(reading), {
            "MASS_BODY_ACTUAL": "71.400 kg", "BODY_FAT": "18.5 %", "muscle-percentage": "42.5 %",
            "muscle-mass": "30.300 kg", "MASS_BODY_FAT_FREE": "58.200 kg", "MASS_BODY_SOFT_LEAN": "55.300 kg",
            "BODY_WATER": "42.600 kg", "body-impedance": "512.0 Ohm"})

    def test_a_glucose_sensor_gets_its_time_and_is_asked_for_its_limits(self):
        subscriber = self.meet("continuous-glucose", crc=True, together=2,
                               measure=[{"at": "1s", "every": "500ms", "times": 6, "glucose": "96..124",
                                         "trend": "-1.5..1.5", "quality": "90..99"}])
        for reading in subscriber.wait_readings(2):
            self.assertEqual(reading.kind, "glucose-continuous")
            found = {code: float(number.split()[0]) for code, number in numbers(reading).items()}
            self.assertEqual(set(found), {"CONC_GLU_ISF", "glucose-trend", "glucose-quality"})
            self.assertTrue(96 <= found["CONC_GLU_ISF"] <= 124, found)
            self.assertTrue(-1.5 <= found["glucose-trend"] <= 1.5, found)
            self.assertTrue(90 <= found["glucose-quality"] <= 99, found)
            self.assertLess(abs(reading.measured.seconds - reading.received.time.seconds), 120)
            self.assertNotEqual(reading.time_basis, words.TIME_RECEIVED)
        subscriber.wait_descriptor(DEVICE, lambda d: any(s.name == "alert-hypo" for s in d.settings))

    def test_an_oximeter_checks_once_and_streams(self):
        subscriber = self.meet(
            "pulse-oximeter", mode="both",
            measure=[{"at": "1s", "saturation": 97, "pulse": 64, "status": ["fully-qualified"]},
                     {"at": "2s", "for": "40s", "saturation": "94..98", "pulse": "61..66"}])

        def both(records):
            found = [r.reading for r in records if r.reading.device == DEVICE]
            spot = [r for r in found if r.observations[0].HasField("value")]
            series = [r for r in found if r.observations[0].HasField("samples")]
            return (spot[0], series[0]) if spot and series else None
        # What was gathered is told when the hub stops, at the latest.
        self.wait_ledger("taken", 5)
        spot = subscriber.wait_readings(1)[0]
        self.assertEqual(numbers(spot), {"PULS_OXIM_SAT_O2": "97 %", "PULS_OXIM_PULS_RATE": "64 /min"})
        self.end_link()
        _, series = subscriber.wait_records(both, "a spot check and a series")
        for observation, (code, least, most) in zip(series.observations, STREAM, strict=True):
            samples = observation.samples
            self.assertEqual(observation.code, code)
            self.assertGreaterEqual(len(samples.raw), 3)
            values = [raw * samples.scale + samples.offset for raw in samples.raw]
            self.assertTrue(all(least <= value <= most for value in values), values)
