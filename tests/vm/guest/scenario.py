"""What the scenarios share: the hub as the unit that was installed, a simulated device on the second
controller, a subscriber, and a machine that is clean afterwards."""
import itertools
import json
import os
import pathlib
import shutil
import time

import bus_recording
import harness
import system
from vitalgate.v1 import hub_pb2

OUT = pathlib.Path("/share/out")
KEEP = pathlib.Path("/share/keep")  # what passed scenarios leave, too
UNIT = "vitalgated"
HUB_ADAPTER, DEVICE_ADAPTER, SECOND_HUB_ADAPTER = system.CONTROLLERS
DEVICE = "device"  # what it is called in scenarios, ledgers, configurations and readings
SIMULATOR_ENVIRONMENT = {**os.environ, "LD_LIBRARY_PATH": "/usr/lib/vitalgate-vm", "UBSAN_OPTIONS": "print_stacktrace=1",
                         "ASAN_OPTIONS": "malloc_context_size=12"}
CONFIGURATION = pathlib.Path("/etc/vitalgate/vitalgate.yaml")
hubs = itertools.count(1)


class Scenario(harness.HubTest):
    """One conversation with the real BlueZ. The configuration's helpers are those of the system tests."""

    # Whether what is said to and by bluetoothd is kept; with thousands of values that takes longer than they do.
    records_bus = True
    disturbs_bluetooth = False  # so that its controllers are not to be trusted afterwards

    def setUp(self):
        super().setUp()
        # Of its own, so that nothing retained of the scenario before is taken for this one's.
        self.hub = f"vm-{next(hubs)}"
        self.port, self.bus = 1883, "system"
        self.since = time.time()
        system.repair()
        if self.records_bus:
            self.addCleanup(bus_recording.Recorder("system", self.folder / "dbus.pcap").stop)
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

    def start_device(self, model, measure, bluez=None, **keys):
        """One simulated device on the other controller; keys: those of a scenario, with _ for -."""
        device = {"model": model, "address": self.device_address, "advertise": {"when": "always", "every": "200ms"},
                  "measure": measure, **{key.replace("_", "-"): value for key, value in keys.items()}}
        path = self.folder / "scenario.yaml"
        # JSON is YAML.
        path.write_text(json.dumps({"devices": {DEVICE: device}, "bluez": bluez or {}}))
        program = self.start("vitalgate-simulator", [
            harness.BIN / "vitalgate-simulator", "--scenario", path, "--bus", "system", "--peripheral", DEVICE_ADAPTER,
            "--ledger", self.ledger_path], env=SIMULATOR_ENVIRONMENT)
        program.wait_line("serving")
        return program

    def meet(self, model, measure, configured="", **keys):
        """A hub that is to have this device, the device, and a subscriber who comes first."""
        subscriber = self.subscribe()
        self.simulator = self.start_device(model, measure, **keys)
        more = f", {configured}" if configured else ""
        self.start_hub(f'{DEVICE}: {{address: "{self.device_address}"{more}}}')
        return subscriber

    @staticmethod
    def wait_status(subscriber, condition, what, limit=harness.PATIENCE):
        """The newest retained status, once it fulfils the condition."""
        def newest(messages):
            found = [m for m in messages if m.topic.endswith("/status")]
            status = hub_pb2.HubStatus.FromString(found[-1].payload) if found else None
            return status if status is not None and condition(status) else None
        return subscriber.messages.wait(newest, what, limit)

    def secret(self, text):
        """A file that the unit's user can read, as the configuration names one."""
        path = CONFIGURATION.parent / "passkey"
        path.write_text(text + "\n")
        shutil.chown(path, "root", "vitalgate")
        path.chmod(0o640)
        return f"{{file: {path}}}"

    def end_all(self):
        """Whatever happened: nothing of this scenario is left for the next one, and no sanitizer found anything."""
        for subscriber in self.subscribers:
            subscriber.close()
        system.run("systemctl", "stop", UNIT, check=False)
        self.end_link()
        for program in self.programs:
            if program.process.poll() is None:
                program.stop()
        restarts, ending = system.restarts(UNIT), system.ending(UNIT)
        system.run("systemctl", "reset-failed", UNIT, check=False)
        system.forget_all_devices()
        if self.disturbs_bluetooth or self.has_failed():
            self.renew_controllers()
        told = system.journal(self.since)
        reports = system.sanitizer_reports(told + "".join(program.output() for program in self.programs))
        if self.has_failed() or reports or restarts or ending != "success" or KEEP.exists():
            self.evidence = self.keep_evidence(told)
        shutil.rmtree(self.folder, ignore_errors=True)
        if reports:
            self.fail("a sanitizer found something:\n" + "\n".join(reports))
        self.assertEqual(restarts, 0, "systemd had to start the unit again")
        self.assertEqual(ending, "success", "how the unit has ended")

    @staticmethod
    def renew_controllers():
        try:
            system.renew_controllers()
        except AssertionError:
            pass  # there is no bluetoothd: the next scenario repairs it

    def end_link(self):
        """At once: an orderly end of it takes BlueZ two seconds. On again, since a controller that is off keeps
        the keys of devices that are forgotten."""
        try:
            system.set_powered(DEVICE_ADAPTER, False)
            system.set_powered(DEVICE_ADAPTER, True)
        except AssertionError:
            pass  # the scenario has left no bluetoothd, or no controller

    def keep_evidence(self, told):
        """All of it into a folder that the host keeps; the end of it as text."""
        folder = OUT / self.id().split(".")[-1]
        folder.mkdir(parents=True, exist_ok=True)
        outputs = "\n".join(f"--- {program.name} ---\n{program.output()}" 
                            for program in self.programs)
        (folder / "journal.txt").write_text(told)
        (folder / "programs.txt").write_text(outputs)
        ledger = self.ledger_path.read_text() if self.ledger_path.exists() else ""
        (folder / "ledger.jsonl").write_text(ledger)
        for path in (CONFIGURATION, self.folder / "scenario.yaml", self.folder / "dbus.pcap"):
            if path.exists():
                shutil.copy(path, folder / path.name)
        return "\n".join(["--- journal ---", *system.without_shadow(told).splitlines()[-60:], "--- ledger ---", *ledger.splitlines()[-20:],
                          *outputs.splitlines()[-20:]])


def numbers(reading):
    """Code without its prefix -> the number with the device's digits, and unit."""
    return {o.code.removeprefix("MDC_").removeprefix("vitalgate:"): f"{o.value:.{o.decimals}f} {o.unit}"
            for o in reading.observations if o.HasField("value")}
