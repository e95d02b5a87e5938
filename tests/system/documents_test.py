"""What the documents tell a newcomer to type does what they say."""
import contextlib
import datetime
import os
import re
import sqlite3
import subprocess
import sys
import unittest

import harness
from vitalgate.v1 import vocabulary_pb2

SCENARIO = harness.cuff_scenario("{every: 300ms, times: 1000, systolic: 120, diastolic: 80, pulse: 60}")

# As the broker's log tells the last subscription of the consumer.
SUBSCRIBED = "ingest-1 1 vitalgate/v1/+/batches"


def block(document, language, heading, number=0):
    text = (harness.SOURCE / document).read_text()
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.S)[number]


class Documents(harness.HubTest):
    def setUp(self):
        super().setUp()
        self.start_bus()
        self.broker = self.start_broker()
        self.start_simulator(SCENARIO)

    def test_consumer_in_python(self):
        program = self.folder / "consumer.py"
        program.write_text(block("proto/README.md", "python", "A consumer in Python"))
        consumer = self.start("consumer", [sys.executable, program, "127.0.0.1", self.port], cwd=self.folder)
        self.broker.wait_line(SUBSCRIBED)
        self.start_daemon(self.configuration(harness.CUFF))
        line = consumer.wait_line("MDC_PRESS_BLD_NONINV_SYS")
        self.assertEqual(line, "cuff MDC_PRESS_BLD_NONINV_SYS 120 mm[Hg]")

    def test_consumer_in_python_that_was_away_misses_nothing(self):
        program = self.folder / "consumer.py"
        program.write_text(block("proto/README.md", "python", "A consumer in Python"))
        command = [sys.executable, program, "127.0.0.1", self.port]
        consumer = self.start("consumer", command, cwd=self.folder)
        self.broker.wait_line(SUBSCRIBED)
        service = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF))
        consumer.wait_line("MDC_PRESS_BLD_NONINV_SYS")
        consumer.stop()
        seen = len(service.wait_readings(1))
        sent = {reading.id for reading in service.wait_readings(seen + 5)}
        again = self.start("consumer again", command, cwd=self.folder)

        def stored():
            with contextlib.closing(sqlite3.connect(self.folder / "readings.db", timeout=10)) as store:
                return {row[0] for row in store.execute("SELECT id FROM reading")}
        # It prints when it has stored.
        again.lines.wait(lambda _: sent <= stored(), "what was published while it was away")

    def test_the_consumer_helps_before_its_messages_are_made(self):
        example = self.folder / "consumer.py"
        example.write_text((harness.SOURCE / "packaging/examples/consumer.py").read_text())
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

        def run(*command):
            return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        self.assertIn("--receipts", run(sys.executable, example, "--help").stdout)
        refused = run(sys.executable, example, "--report")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertTrue(refused.stderr.startswith("consumer.py: No module named 'vitalgate'\n"), refused.stderr)
        make = re.search("^protoc .*$", refused.stderr, re.M)[0]
        run("sh", "-c", make.replace("/usr/share/vitalgate/proto", str(harness.SOURCE / "proto")))
        reported = run(sys.executable, example, "--report")
        self.assertEqual((reported.returncode, reported.stdout), (0, "contradictions: 0\n"), reported.stderr)

    def test_command_in_python(self):
        script = block("proto/README.md", "sh", "A command in Python")
        printed = subprocess.run(["sh", "-ec", script], cwd=self.folder, capture_output=True, text=True, check=True)
        whole = printed.stdout.replace("\n", "\\n")
        line = printed.stdout.splitlines()[1]
        program = self.folder / "send.py"
        program.write_text(block("proto/README.md", "python", "A command in Python"))
        service = self.subscribe()
        self.start_daemon(self.configuration(harness.CUFF, more=(
            f'commands:\n  keys:\n    care-2026: {{public-key: {line}, kinds: [get-status, replay]}}\n'
            f'    other: {{public-key: "{whole}", kinds: all}}')), env=self.preloading("libsynchronised_clock.so"))
        service.wait_status(vocabulary_pb2.HUB_ONLINE)
        self.assertIn("state: COMMAND_DONE", self.sent(program))
        # The other example is for one line of this one.
        instead = block("proto/README.md", "python", "A command in Python", 1)
        today = datetime.date.today()
        for name, days in (("2026-11-23", -1), ("2026-11-24", 2)):
            instead = instead.replace(name, str(today + datetime.timedelta(days=days)))
        program.write_text(program.read_text().replace("command.get_status.SetInParent()\n", instead))
        self.assertRegex(self.sent(program), r"state: COMMAND_DONE\n(.*\n)*records: \d+\n")

    def sent(self, program):
        sender = self.start("sender", [sys.executable, program, "127.0.0.1", self.port, self.hub,
                                       self.folder / "care-2026.pem"])
        self.assertEqual(sender.wait_end(), 0, sender.output())
        return sender.output()

    def test_mosquitto_sub_and_protoc(self):
        self.start_daemon(self.configuration(harness.CUFF))
        command = block("proto/README.md", "sh", "With mosquitto_sub and protoc").replace("1883", str(self.port))
        text = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=harness.SOURCE, capture_output=True,
                              text=True, timeout=harness.PATIENCE, env={**os.environ, "LD_PRELOAD": ""}, check=True).stdout
        self.assertIn('code: "MDC_PRESS_BLD_NONINV_DIA"', text)
        self.assertIn("value: 80", text)


if __name__ == "__main__":
    unittest.main()
