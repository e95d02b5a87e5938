"""What the scenarios share: the hub as the unit that was installed, a simulated device on the second
controller, a subscriber, and a machine that is clean afterwards."""
import itertools
import os
import pathlib
import shutil
import time

import harness
import system
from vitalgate.v1 import hub_pb2

OUT = pathlib.Path("/share/out")
UNIT = "vitalgated"
HUB_ADAPTER, DEVICE_ADAPTER = "hci0", "hci1"
SIMULATOR_ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": "/usr/lib/vitalgate-vm", "UBSAN_OPTIONS": "print_stacktrace=1",
                         "ASAN_OPTIONS": "malloc_context_size=12"}
CONFIGURATION = pathlib.Path("/etc/vitalgate/vitalgate.yaml")
numbers = itertools.count(1)


class Scenario(harness.HubTest):
    """One conversation with the real BlueZ. The configuration's helpers are those of the system tests."""

    def setUp(self):
        super().setUp()
        # Of its own, so that nothing retained of the scenario before is taken for this one's.
        self.hub = f"vm-{next(numbers)}"
        self.port, self.bus = 1883, "system"
        self.since = time.time()
        self.expected_restarts = 0
        self.addCleanup(self.leave_clean)
        system.repair()
        self.hub_address = system.adapter_address(HUB_ADAPTER)
        self.device_address = system.adapter_address(DEVICE_ADAPTER)

    def subscribe(self, **more):
        return super().subscribe(root=f"vitalgate/v1/{self.hub}/#", **more)

    def start_hub(self, devices="", adapters=(HUB_ADAPTER,), **more):
        """With a fresh store; comes back when the unit says that it is ready."""
        system.run("systemctl", "clean", "--what=state", UNIT, check=False)
        CONFIGURATION.write_text(self.configuration(devices or "none-yet: {address: \"C0:00:00:00:00:01\"}", **more))
        (CONFIGURATION.parent / "conf.d" / "adapters.yaml").write_text(
            f"bluetooth: {{adapters: [{', '.join(adapters)}]}}\n")
        for path in (CONFIGURATION, CONFIGURATION.parent / "conf.d" / "adapters.yaml"):
            shutil.chown(path, "root", "vitalgate")
            path.chmod(0o640)
        system.run("systemctl", "start", UNIT)

    def start_device(self, scenario, adapter=DEVICE_ADAPTER):
        """A simulated device, from the text below `devices:` with the address as @ADDRESS@."""
        path = self.folder / "scenario.yaml"
        path.write_text(scenario.replace("@ADDRESS@", self.device_address))
        device = self.start("vitalgate-simulator", [
            harness.BIN / "vitalgate-simulator", "--scenario", path, "--bus", "system", "--peripheral", adapter,
            "--ledger", self.ledger_path], env=SIMULATOR_ENVIRONMENT)
        device.wait_line("serving")
        return device

    @staticmethod
    def wait_status(subscriber, condition, what, limit=harness.PATIENCE):
        """The newest retained status, once it fulfils the condition."""
        def newest(messages):
            found = [m for m in messages if m.topic.endswith("/status")]
            status = hub_pb2.HubStatus.FromString(found[-1].payload) if found else None
            return status if status is not None and condition(status) else None
        return subscriber.messages.wait(newest, what, limit)

    def leave_clean(self):
        """Whatever happened: nothing of this scenario is left for the next one."""
        system.run("systemctl", "stop", UNIT, check=False)
        for program in self.programs:
            if program.process.poll() is None:
                program.stop()
        self.told = system.journal(self.since)
        reports = system.sanitizer_reports(self.told)
        restarts = system.restarts(UNIT) - self.expected_restarts
        system.run("systemctl", "reset-failed", UNIT, check=False)
        system.forget_all_devices()
        if reports:
            self.fail("a sanitizer found something:\n" + "\n".join(reports))
        if restarts > 0:
            self.fail(f"the unit was restarted {restarts} times by systemd")

    def show_evidence(self):
        """Of a failed scenario: all of it into a folder, the end of it on the screen."""
        folder = OUT / self.id().split(".")[-1]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "journal.txt").write_text(self.told)
        print("--- the machine ---\n" + "\n".join(self.told.splitlines()[-60:]), flush=True)
