"""What the daemon says when it is started wrongly, and what it does when its surroundings are missing."""
import sqlite3
import unittest

import harness
from vitalgate.v1 import hub_pb2, vocabulary_pb2


class Start(harness.HubTest):
    def test_configuration_with_faults_names_them_all_and_ends_with_status_1(self):
        text = self.configuration(harness.CUFF).replace("address:", "adress:").replace("zone: UTC", "zone: Mars/Olympus")
        daemon = self.start_daemon(text, wait=False)
        self.assertEqual(daemon.wait_end(), 1)
        self.assertIn('unknown key "adress"; did you mean "address"?', daemon.output())
        self.assertIn("Mars/Olympus", daemon.output())
        self.assertRegex(daemon.output(), r"vitalgate\.yaml:\d+:\d+: ")

    def test_configuration_that_is_not_there(self):
        daemon = self.start_daemon(None, wait=False)
        self.assertEqual(daemon.wait_end(), 1)
        self.assertIn("vitalgate.yaml", daemon.output())

    def test_check_only(self):
        path = self.folder / "vitalgate.yaml"
        path.write_text(self.configuration(harness.CUFF))
        check = self.start("vitalgated", [harness.BIN / "vitalgated", "--config", path, "--check"])
        self.assertEqual(check.wait_end(), 0, check.output())

    def test_missing_bus_and_missing_adapter_are_problems_in_the_status(self):
        self.start_broker()
        subscriber = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF).replace("bluetooth: {", "bluetooth: {adapters: [hci7], "))
        status = subscriber.wait_status(vocabulary_pb2.HUB_ONLINE)
        self.assertTrue(status.problems, "without a bus all is not well")
        self.assertTrue(all(problem.text and problem.code for problem in status.problems))
        self.wait_problem(subscriber, "bus-away")
        self.start_bus()
        self.wait_problem(subscriber, "bluez-away")
        self.start_simulator(harness.cuff_scenario("{every: 1s, systolic: 120, diastolic: 80}"))
        self.wait_problem(subscriber, "adapter-missing")

    @staticmethod
    def wait_problem(subscriber, code):
        """And none of the others of these."""
        def last(messages):
            found = [hub_pb2.HubStatus.FromString(m.payload) for m in messages if m.topic.endswith("/status")]
            codes = {problem.code for problem in found[-1].problems} if found else set()
            return codes & {"bus-away", "bluez-away", "adapter-missing"} == {code}
        subscriber.messages.wait(last, f"the problem {code}")

    def test_store_that_is_another_databases_is_refused_unchanged(self):
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        path = state / "store.db"
        with sqlite3.connect(path) as foreign:
            foreign.execute("CREATE TABLE photographs (name TEXT)")
        foreign.close()
        before = path.read_bytes()
        daemon = self.start_daemon(self.configuration(harness.CUFF), wait=False)
        self.assertNotEqual(daemon.wait_end(), 0)
        self.assertIn("store", daemon.output())
        self.assertEqual(path.read_bytes(), before)

    def test_damaged_store_is_moved_aside_and_the_service_is_told(self):
        path = self.folder / "state" / "store.db"
        self.start_daemon(self.configuration(harness.CUFF)).stop()
        path.write_bytes(path.read_bytes()[:-4096])
        damaged = path.read_bytes()
        self.start_broker()
        subscriber = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF))
        begun = subscriber.wait_event("store")
        self.assertEqual(begun.severity, vocabulary_pb2.SEVERITY_ALARM)
        self.assertIn("cut off", begun.store.detail)
        self.assertTrue(subscriber.wait_event("loss").loss.ranges)
        self.assertEqual([kept.read_bytes() for kept in (path.parent / "damaged").iterdir()], [damaged])

    def test_two_daemons_do_not_share_a_store(self):
        self.start_bus()
        first = self.start_daemon(self.configuration(harness.CUFF))
        second = self.start_daemon(self.configuration(harness.CUFF), wait=False)
        self.assertNotEqual(second.wait_end(), 0)
        self.assertIn("store", second.output())
        # The first one is unharmed: it reads and writes as before, and what it leaves is whole.
        self.start_broker()
        subscriber = self.subscribe()
        self.start_simulator(harness.cuff_scenario("{every: 300ms, times: 200, systolic: 120, diastolic: 80}"))
        subscriber.wait_readings(2)
        self.assertEqual(first.stop()[0], 0)
        self.start_daemon(None)
        subscriber.wait_readings(3)
        self.assert_complete(subscriber)


if __name__ == "__main__":
    unittest.main()
