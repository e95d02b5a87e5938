"""Installs the programs in the machine and runs the scenarios, one line each.

Several machines may share /share: each takes what no other has taken. Results are files in /share/results,
what failed scenarios leave is in /share/out. Status 0: nothing is left to be taken; 3: this machine's kernel
has crashed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import traceback
import unittest

SHARE = pathlib.Path("/share")
AGAIN = 3
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
    """One line a scenario, and its result in a file; of a failed one what it leaves."""

    is_given_back = False  # the last one

    def startTest(self, test):
        super().startTest(test)
        self.failed_before = self.count()
        self.is_given_back = False
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        problems = (self.errors + self.failures)[:] if self.count() > self.failed_before else []
        took = time.monotonic() - self.begin
        reasons = [why for case, why in self.skipped if case is test]
        if reasons and not problems:
            print(f"skip          {name_of(test)}: {reasons[0]}", flush=True)
            return keep_result(test, "skipped")
        print(f"{'FAIL' if problems else 'ok':4} {took:5.1f} s  {name_of(test)}", flush=True)
        if problems:
            told = "\n".join(text for case, text in problems if case is test)
            evidence = getattr(test, "evidence", "")
            (SHARE / "out" / f"{test.id().rpartition('.')[2]}.txt").write_text(f"=== {name_of(test)}\n{told}\n{evidence}\n")
        if problems and not tried_before(test) and all(is_late(text) for case, text in problems if case is test):
            print("              it was not in time, and is tried once more", flush=True)
            self.is_given_back = True
            return give_back(test)
        keep_result(test, "failed" if problems else "again" if tried_before(test) else "passed")

    def count(self):
        return len(self.errors) + len(self.failures)


def is_late(problem):
    """Whether something did not come in time, which a busy host can do; nothing else is forgiven."""
    return re.search(r"^AssertionError: .*: not within [0-9]+ s", problem, flags=re.M) is not None


def name_of(test):
    module, _, method = test.id().rpartition(".")
    return f"{module.split('.')[0]}/{method.removeprefix('test_')}"


# ---- several machines share the work ----

def file_of(test):
    return name_of(test).replace("/", ".")


def claim(test):
    """Whether it is this machine's; mkdir is what only one of them can do."""
    try:
        (SHARE / "claims" / file_of(test)).mkdir()
    except FileExistsError:
        return False
    return True


def keep_result(test, result):
    (SHARE / "results" / file_of(test)).write_text(result + "\n")


def check_kernel(since):
    """A line of the machine's kernel that says that it has crashed, if it has."""
    lines = system.run("journalctl", "-k", "-q", "--no-pager", "-o", "cat", f"--since=@{since:.6f}").splitlines()
    return next((line for line in lines if "kernel BUG at" in line or line.startswith(("BUG: ", "Oops: "))), None)


def tried_before(test):
    return (SHARE / "again" / file_of(test)).exists()


def give_back(test):
    """Some machine will take it once more. An emulated processor on a busy host is not always in time, and a
    crash of the kernel is not the hub's fault."""
    (SHARE / "again" / file_of(test)).touch()
    (SHARE / "results" / file_of(test)).unlink(missing_ok=True)
    (SHARE / "claims" / file_of(test)).rmdir()


def on_crash(test):
    """Nothing that comes after it says anything: this machine ends."""
    if tried_before(test):
        keep_result(test, "failed")
    else:
        give_back(test)


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
    tests = scenarios((SHARE / "words").read_text().split())
    (SHARE / "out" / "names").write_text("".join(file_of(test) + "\n" for test in tests))
    print(f"BlueZ {bluez_version()}: {len(tests)} scenarios; installed in {time.monotonic() - begin:.1f} s", flush=True)
    result = Lines()
    while test := next(filter(claim, tests), None):
        since = time.time()
        test.run(result)
        if crash := check_kernel(since):
            print(f"the machine's own kernel has crashed in {name_of(test)}: {crash}", flush=True)
            if not result.is_given_back:
                on_crash(test)
            return AGAIN
    print(f"  this machine took {time.monotonic() - begin:.0f} s", flush=True)
    return 0


def bluez_version():
    return subprocess.run(["bluetoothctl", "--version"], capture_output=True, text=True).stdout.split()[-1]


try:
    status = main()
except Exception:
    traceback.print_exc(file=sys.stdout)
    status = 1
sys.exit(status)
