"""Ctrl-C ends the demonstration at any moment, and nothing of it is left."""
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

import harness

# Stand-ins for the programs: what the demonstration starts, as awkward as they can be.
SIMULATOR = "#!/bin/sh\necho serving org.bluez\nexec sleep 600\n"
DEAF = "#!/bin/bash\ntrap '' TERM\necho watching\nwhile :; do sleep 1; done\n"
PATIENT = "#!/bin/sh\nexec sleep 600\n"
NOTHING = "#!/bin/sh\nexit 0\n"
# A broker that finds its port taken the first time.
LATE = """#!/bin/sh
if [ ! -e "$0.tried" ]; then touch "$0.tried"; echo 'Error: Address already in use'; exit 1; fi
echo "mosquitto version 2 running"
exec sleep 600
"""


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitalgate-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        shutil.copytree(harness.SOURCE / "packaging", self.folder / "packaging")
        self.write("packaging/install-packages", NOTHING)
        self.write("bin/cmake", NOTHING)
        for name, text in (("vitalgate-simulator", SIMULATOR), ("vitalgate", DEAF), ("vitalgated", PATIENT)):
            self.write(f"build/default/bin/{name}", text)

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def start(self):
        environment = {**os.environ, "TMPDIR": str(self.temporary), "LD_PRELOAD": "",
                       "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        demo = harness.Program("demo", [self.folder / "packaging/demo"], env=environment, start_new_session=True)
        self.addCleanup(demo.stop, signal.SIGKILL)
        return demo

    def interrupt(self, demo):
        """As Ctrl-C in a terminal: the whole group in the foreground."""
        os.killpg(demo.process.pid, signal.SIGINT)
        status = demo.wait_end()
        self.assertEqual(status, 130, demo.output())
        self.assertEqual(list(self.temporary.iterdir()), [], "nothing is left")

    def test_while_it_builds(self):
        self.write("bin/cmake", "#!/bin/sh\necho configuring >&2\nexec sleep 600\n")
        demo = self.start()
        demo.wait_line("building")
        self.interrupt(demo)

    def test_a_build_that_fails_keeps_its_output(self):
        self.write("bin/cmake", "#!/bin/sh\necho the compiler is missing >&2\nexit 1\n")
        demo = self.start()
        self.assertEqual(demo.wait_end(), 1)
        self.assertIn("the compiler is missing", demo.output())
        log, = self.temporary.glob("*/build.log")
        self.assertIn(str(log), demo.output())

    def test_with_a_port_that_is_taken(self):
        self.write("bin/mosquitto", LATE)
        demo = self.start()
        demo.wait_line("watching")
        self.interrupt(demo)

    def test_with_a_program_that_does_not_hear_the_signal(self):
        demo = self.start()
        demo.wait_line("watching")
        self.interrupt(demo)
        left = subprocess.run(["pgrep", "-f", str(self.folder)], capture_output=True, text=True, check=False).stdout
        self.assertEqual(left, "", "no program is left")


if __name__ == "__main__":
    unittest.main()
