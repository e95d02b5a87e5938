"""What the documents tell a newcomer to type does what they say."""
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2

SCENARIO = harness.cuff_scenario("{every: 300ms, times: 200, systolic: 120, diastolic: 80, pulse: 60}")


def block(document, language, heading):
    text = (harness.SOURCE / document).read_text()
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.S).group(1)


class Documents(harness.HubTest):
    def setUp(self):
        super().setUp()
        self.start_bus()
        self.start_broker()
        self.start_simulator(SCENARIO)

    def test_consumer_in_python(self):
        program = self.folder / "consumer.py"
        program.write_text(block("proto/README.md", "python", "A consumer in Python"))
        consumer = self.start("consumer", [sys.executable, program, "127.0.0.1", self.port], cwd=self.folder)
        self.start_daemon(self.configuration(harness.CUFF))
        line = consumer.wait_line("MDC_PRESS_BLD_NONINV_SYS")
        self.assertEqual(line, "cuff MDC_PRESS_BLD_NONINV_SYS 120 mm[Hg]")

    def test_consumer_in_python_that_was_away_misses_nothing(self):
        program = self.folder / "consumer.py"
        program.write_text(block("proto/README.md", "python", "A consumer in Python"))
        command = [sys.executable, program, "127.0.0.1", self.port]
        consumer = self.start("consumer", command, cwd=self.folder)
        service = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF))
        consumer.wait_line("MDC_PRESS_BLD_NONINV_SYS")
        consumer.stop()
        seen = len(service.wait_readings(1))
        sent = {reading.id for reading in service.wait_readings(seen + 5)}
        self.start("consumer again", command, cwd=self.folder)

        def stored():
            with contextlib.closing(sqlite3.connect(self.folder / "readings.db", timeout=10)) as store:
                return {row[0] for row in store.execute("SELECT id FROM reading")}
        # Each further reading is an occasion to look.
        for more in range(1, 30):
            service.wait_readings(seen + 5 + more)
            if sent <= stored():
                return
        self.assertEqual(sent - stored(), set(), "what was published while it was away")

    def test_command_in_python(self):
        script = block("proto/README.md", "sh", "A command in Python")
        printed = subprocess.run(["sh", "-ec", script], cwd=self.folder, capture_output=True, text=True, check=True)
        whole = printed.stdout.replace("\n", "\\n")
        line = printed.stdout.splitlines()[1]
        program = self.folder / "send.py"
        program.write_text(block("proto/README.md", "python", "A command in Python"))
        service = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF, more=(
            f'commands:\n  keys:\n    care-2026: {{public-key: {line}, kinds: [get-status]}}\n'
            f'    other: {{public-key: "{whole}", kinds: all}}')))
        service.wait_status(vocabulary_pb2.HUB_ONLINE)
        sender = self.start("sender", [sys.executable, program, "127.0.0.1", self.port, self.hub,
                                       self.folder / "care-2026.pem"])
        self.assertEqual(sender.wait_end(), 0, sender.output())
        self.assertIn("state: COMMAND_DONE", sender.output())

    def test_mosquitto_sub_and_protoc(self):
        self.start_daemon(self.configuration(harness.CUFF))
        command = block("proto/README.md", "sh", "With mosquitto_sub and protoc").replace("1883", str(self.port))
        text = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=harness.SOURCE, capture_output=True,
                              text=True, timeout=harness.PATIENCE, env={**os.environ, "LD_PRELOAD": ""}, check=True).stdout
        self.assertIn('code: "MDC_PRESS_BLD_NONINV_DIA"', text)
        self.assertIn("value: 80", text)


if __name__ == "__main__":
    unittest.main()
