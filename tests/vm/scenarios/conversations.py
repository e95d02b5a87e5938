"""Devices that want to be talked to before they give anything: record access, consent, a session's time."""
from scenario import DEVICE, Scenario, numbers
from vitalgate.v1 import vocabulary_pb2 as words


class Conversations(Scenario):
    def test_a_glucose_meter_gives_its_records_with_their_context(self):
        subscriber = self.meet(
            "glucose", configured="person: p-2",
            measure=[{"at": "200ms", "glucose": 95, "meal": "fasting", "tester": "self", "health": "no-issues"},
                     {"at": "300ms", "glucose": 118, "control": True},
                     {"at": "400ms", "glucose": 142}])
        first, last = subscriber.wait_readings(2)
        self.assertEqual((first.kind, first.subject, first.partial), ("glucose", "p-2", False))
        self.assertIn("95 mg/dL", numbers(first).values())
        self.assertIn("142 mg/dL", numbers(last).values())
        self.assertEqual([raw.characteristic for raw in first.source.raw], ["2A18", "2A34"])
        event = subscriber.wait_event("refused", DEVICE)
        self.assertEqual(event.refused.reason, words.REFUSED_CONTROL_SOLUTION)

    def test_a_cuff_gives_its_stored_records(self):
        subscriber = self.meet(
            "blood-pressure", enhanced=True, crc=True,
            measure=[{"at": "200ms", "user": 1, "systolic": 131, "diastolic": 84, "mean": 99, "pulse": 73},
                     {"at": "400ms", "user": 1, "systolic": 127.5, "diastolic": 81.5, "mean": 96.5, "pulse": 72.5}])
        found = {numbers(r)["PRESS_BLD_NONINV_SYS"]: r for r in subscriber.wait_readings(2)}
        self.assertEqual(set(found), {"131 mm[Hg]", "127.5 mm[Hg]"})
        self.assertEqual(found["131 mm[Hg]"].user_slot, 1)

    def test_a_scale_gives_weight_and_composition_after_the_persons_consent(self):
        subscriber = self.meet(
            "weight-scale", configured=f"slots: {{1: p-1}}, consent: {{1: {self.secret('1234')}}}",
            composition=True, packets=2, users={"1": {"slot": 1, "consent": 1234}},
            measure=[{"at": "500ms", "user": 1, "weight": 71.40, "fat": 18.5, "muscle": 42.5, "muscle-mass": 30.3,
                      "fat-free-mass": 58.2, "soft-lean-mass": 55.3, "water-mass": 42.6, "impedance": 512}])
        reading = subscriber.wait_readings(1)[0]
        self.assertEqual((reading.kind, reading.subject, reading.partial), ("weight", "p-1", False))
        self.assertEqual(numbers(reading)["MASS_BODY_ACTUAL"], "71.400 kg")
        self.assertEqual(numbers(reading)["BODY_FAT"], "18.5 %")
        self.assertEqual(numbers(reading)["BODY_WATER"], "42.600 kg")

    def test_a_glucose_sensor_gets_its_time_and_is_asked_for_its_limits(self):
        subscriber = self.meet("continuous-glucose", crc=True, together=2,
                               measure=[{"at": "1s", "every": "500ms", "times": 6, "glucose": "96..124"}])
        reading = subscriber.wait_readings(2)[0]
        self.assertEqual(reading.kind, "glucose-continuous")
        self.assertTrue(96 <= float(numbers(reading)["CONC_GLU_ISF"].split()[0]) <= 124)
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
        self.assertGreaterEqual(len(series.observations[0].samples.raw), 3)
