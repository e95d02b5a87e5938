"""Every kind of device that is simulated, from its controller to the subscriber."""
from scenario import DEVICE, Scenario, numbers
from vitalgate.v1 import vocabulary_pb2 as words


class Profiles(Scenario):
    def check_source(self, reading, kind, characteristic):
        self.assertEqual((reading.device, reading.kind, reading.source.adapter), (DEVICE, kind, "hci0"))
        self.assertEqual(reading.source.link, words.LINK_OPEN)
        self.assertEqual(reading.source.raw[0].characteristic, characteristic)
        self.assertLess(abs(reading.measured.seconds - reading.received.time.seconds), 30)

    def test_blood_pressure_of_a_cuff_whose_clock_was_never_set(self):
        subscriber = self.meet(
            "blood-pressure", configured="slots: {1: p-1}", clock={"ahead": "-16y"}, users={"1": {"slot": 1}},
            measure=[{"at": "1s", "user": 1, "systolic": 128, "diastolic": 82, "mean": 97, "pulse": 71,
                      "status": ["irregular-pulse"]}])
        reading = subscriber.wait_readings(1)[0]
        self.check_source(reading, "blood-pressure", "2A35")
        self.assertEqual(numbers(reading), {"PRESS_BLD_NONINV_SYS": "128 mm[Hg]", "PRESS_BLD_NONINV_DIA": "82 mm[Hg]",
                                            "PRESS_BLD_NONINV_MEAN": "97 mm[Hg]", "PULS_RATE_NON_INV": "71 /min"})
        self.assertEqual((list(reading.status), reading.subject), (["irregular-pulse"], "p-1"))
        self.assertEqual(reading.time_basis, words.TIME_CORRECTED)
        self.assertLess(reading.device_clock.ahead_ms, -15 * 365 * 86400 * 1000)
        self.wait_ledger("effect", 1)  # its clock was set
        subscriber.wait_descriptor(DEVICE, lambda d: d.HasField("battery_percent") and d.manufacturer == "Example")
        self.assert_complete(subscriber)

    def test_body_temperature(self):
        subscriber = self.meet("thermometer", site="ear", measure=[{"at": "1s", "temperature": 36.7}])
        reading = subscriber.wait_readings(1)[0]
        self.check_source(reading, "body-temperature", "2A1C")
        self.assertEqual(numbers(reading), {"TEMP_BODY": "36.7 Cel"})
        self.assertEqual(reading.observations[0].body_site.code, "MDC_TEMP_EAR")

    def test_weight_of_two_users(self):
        subscriber = self.meet(
            "weight-scale", configured="slots: {1: p-1}", users={"1": {"slot": 1}, "2": {"slot": 2}},
            measure=[{"at": "1s", "user": 1, "weight": 71.40, "bmi": 23.1, "height": 1.758},
                     {"at": "1200ms", "user": 2, "weight": 84.65}])
        first, second = subscriber.wait_readings(2)
        self.check_source(first, "weight", "2A9D")
        self.assertEqual(numbers(first)["MASS_BODY_ACTUAL"], "71.400 kg")
        self.assertEqual((first.subject, second.subject), ("p-1", ""))
        self.assertEqual(numbers(second)["MASS_BODY_ACTUAL"], "84.650 kg")

    def test_heart_rate(self):
        subscriber = self.meet("heart-rate", configured="person: p-2",
                               measure=[{"every": "500ms", "rate": 71, "interval": 845, "status": ["contact"]}])
        reading = subscriber.wait_readings(3)[0]
        self.check_source(reading, "heart-rate", "2A37")
        self.assertEqual(numbers(reading), {"ECG_HEART_RATE": "71 /min"})
        self.assertEqual(reading.subject, "p-2")

    def test_a_failed_measurement_is_refused_with_its_octets(self):
        subscriber = self.meet("blood-pressure", measure=[{"at": "1s", "failed": True}])
        event = subscriber.wait_event("refused", DEVICE)
        self.assertEqual(event.refused.reason, words.REFUSED_FAILED)
        self.assertTrue(event.refused.source.raw[0].value)
