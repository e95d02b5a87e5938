"""Installs the programs in the machine and runs the scenarios, one line each.

Status 0 only if every one of them passed. What a failed one leaves is in /share/out.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time
import traceback
import unittest

SHARE = pathlib.Path("/share")
LIBRARIES = pathlib.Path("/usr/lib/vitalgate-vm")

os.environ.update(VITALGATE_BIN_DIR="/usr/bin")
sys.path[:0] = [str(SHARE / "guest"), str(SHARE / "python")]

import system  # noqa: E402  found only now


def install():
    """As packaging/README.md says, from what the host has staged."""
    shutil.copytree(SHARE / "install", "/", dirs_exist_ok=True)
    shutil.copytree(SHARE / "libraries", LIBRARIES, dirs_exist_ok=True)
    # The build was configured for another prefix, which stands in the unit.
    local = pathlib.Path("/usr/local/bin/vitalgated")
    if not local.exists():
        local.symlink_to("/usr/bin/vitalgated")
    drop_in = pathlib.Path("/etc/systemd/system/vitalgated.service.d")
    drop_in.mkdir()
    shutil.copy(SHARE / "guest" / "vitalgated.conf", drop_in)
    system.run("systemd-sysusers")
    system.run("systemd-tmpfiles", "--create", "vitalgate.conf")
    system.run("systemctl", "daemon-reload")
    system.run("systemctl", "reload", "dbus")


class Lines(unittest.TestResult):
    """One line a scenario; of a failed one what it leaves."""

    def startTest(self, test):
        super().startTest(test)
        self.failed_before = len(self.failures) + len(self.errors)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        problems = (self.errors + self.failures)[:] if self.count() > self.failed_before else []
        took = time.monotonic() - self.begin
        reasons = [why for case, why in self.skipped if case is test]
        if reasons:
            print(f"skip          {name_of(test)}: {reasons[0]}", flush=True)
            return
        print(f"{'FAIL' if problems else 'ok':4} {took:5.1f} s  {name_of(test)}", flush=True)
        if problems:
            print("\n".join(text for case, text in problems if case is test), flush=True)
            print(getattr(test, "evidence", ""), flush=True)

    def count(self):
        return len(self.errors) + len(self.failures)


def name_of(test):
    module, _, method = test.id().rpartition(".")
    return f"{module.split('.')[0].removesuffix('_scenario')}/{method.removeprefix('test_')}"


class KernelCrash(Exception):
    """Of the machine's kernel: nothing that comes after it says anything."""


def check_kernel(since):
    crash = [line for line in system.run("journalctl", "-k", "-q", "--no-pager", "-o", "cat", f"--since=@{since:.6f}")
             .splitlines() if "kernel BUG at" in line or line.startswith(("BUG: ", "Oops: "))]
    if crash:
        raise KernelCrash(crash[0])


def run_all(tests, result):
    """Those that have to be run again, in a machine that is whole."""
    for number, test in enumerate(tests):
        since = time.time()
        test.run(result)
        try:
            check_kernel(since)
        except KernelCrash as crash:
            print(f"the machine's own kernel has crashed: {crash}", flush=True)
            return tests[number:]
    return []


def scenarios(words):
    suite = unittest.defaultTestLoader.discover(str(SHARE / "scenarios"), pattern="*.py", top_level_dir=str(SHARE / "scenarios"))
    flat, queue = [], [suite]
    while queue:
        for item in queue.pop(0):
            (queue if isinstance(item, unittest.TestSuite) else flat).append(item)
    return [test for test in flat if not words or any(word in name_of(test) for word in words)]


def main():
    begin = time.monotonic()
    install()
    words = (SHARE / "words").read_text().split()
    tests = scenarios(words)
    print(f"{len(tests)} scenarios with BlueZ {bluez_version()}; installed in {time.monotonic() - begin:.1f} s", flush=True)
    result = Lines()
    again = run_all(tests, result)
    (SHARE / "out" / "again").write_text("".join(name_of(test) + "\n" for test in again))
    failed = {name_of(case) for case, _ in result.errors + result.failures} - {name_of(test) for test in again[:1]}
    passed = result.testsRun - len(failed) - len(again[:1]) - len(result.skipped)
    (SHARE / "out" / "counts").write_text(f"{passed} {len(failed)} {len(result.skipped)}\n")
    print(f"  this machine took {time.monotonic() - begin:.0f} s", flush=True)
    return 1 if failed or not tests else 0


def bluez_version():
    return subprocess.run(["bluetoothctl", "--version"], capture_output=True, text=True).stdout.split()[-1]


try:
    status = main()
except Exception:
    traceback.print_exc(file=sys.stdout)
    status = 1
sys.exit(status)
