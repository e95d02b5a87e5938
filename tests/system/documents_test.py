"""What the documents tell a newcomer to type does what they say."""
import os
import re
import subprocess
import sys
import unittest

import harness

CUFF = 'cuff: {address: "C4:7C:8D:6A:12:34"}'
SCENARIO = """
seed: 5
adapters: {hci0: {address: "00:11:22:33:44:55"}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    advertise: {when: always, every: 200ms, signal: -60dBm}
    measure: [{every: 300ms, times: 200, systolic: 120, diastolic: 80, pulse: 60}]
"""


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
        self.start_daemon(self.configuration(CUFF))
        line = consumer.wait_line("MDC_PRESS_BLD_NONINV_SYS")
        self.assertEqual(line, "cuff MDC_PRESS_BLD_NONINV_SYS 120 mm[Hg]")

    def test_mosquitto_sub_and_protoc(self):
        self.start_daemon(self.configuration(CUFF))
        command = block("proto/README.md", "sh", "With mosquitto_sub and protoc").replace("1883", str(self.port))
        text = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=harness.SOURCE, capture_output=True,
                              text=True, timeout=harness.PATIENCE, env={**os.environ, "LD_PRELOAD": ""}, check=True).stdout
        self.assertIn('code: "MDC_PRESS_BLD_NONINV_DIA"', text)
        self.assertIn("value: 80", text)


if __name__ == "__main__":
    unittest.main()
