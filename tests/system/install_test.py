"""What `cmake --install` puts on a machine: that it is all there, and that the unit and the bus policy do
what their comments say."""
import os
import pathlib
import pwd
import shutil
import subprocess
import unittest

import harness

EXPECTED = """
bin/vitalgated bin/vitalgate bin/vitalgate-simulator
lib/systemd/system/vitalgated.service lib/sysusers.d/vitalgate.conf lib/tmpfiles.d/vitalgate.conf
share/dbus-1/system.d/vitalgate.conf share/vitalgate/examples/dbus/bluetooth-vitalgate.conf
share/vitalgate/examples/household.yaml share/vitalgate/examples/consumer.py share/vitalgate/scenarios/household.yaml
share/vitalgate/proto/vitalgate/v1/reading.proto share/doc/vitalgate/README.md
share/doc/vitalgate/packaging/README.md share/doc/vitalgate/proto/README.md
""".split()

# The order in which Debian's system bus reads its files; the one for BlueZ says what Debian's says.
SYSTEM_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <policy user="root"><allow own="org.bluez"/></policy>
  <policy context="default">{bluez}</policy>
  {files}
</busconfig>
"""
OPEN_TO_ALL = '<allow send_destination="org.bluez"/>'


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Other users must be able to reach the bus in it.
        cls.folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="vitalgate-install-"))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = cls.folder / "usr"
        subprocess.run(["cmake", "--install", harness.BIN.parent, "--prefix", cls.prefix], check=True,
                       capture_output=True)

    def test_everything_is_there(self):
        for name in EXPECTED:
            with self.subTest(name):
                self.assertTrue((self.prefix / name).is_file())

    def unit(self):
        """The unit with a program that exists, as verify looks for it."""
        text = (self.prefix / "lib/systemd/system/vitalgated.service").read_text()
        lines = [f"ExecStart={self.prefix}/bin/vitalgated --config x" if line.startswith("ExecStart=") else line
                 for line in text.splitlines()]
        unit = self.folder / "vitalgated.service"
        unit.write_text("\n".join(lines) + "\n")
        return unit

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_unit_is_valid_and_locked_down(self):
        unit = self.unit()
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
        self.assertNotIn("vitalgated.service", verified.stderr)
        scored = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit],
                                capture_output=True, text=True)
        self.assertEqual(scored.returncode, 0, scored.stdout[-2000:])

    @unittest.skipUnless(shutil.which("systemd-sysusers"), "needs systemd-sysusers")
    def test_user_and_folders_are_understood(self):
        root = self.folder / "root"
        for folder in ("etc", "usr/lib"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        users = subprocess.run(["systemd-sysusers", f"--root={root}", self.prefix / "lib/sysusers.d/vitalgate.conf"],
                               capture_output=True, text=True)
        self.assertEqual(users.returncode, 0, users.stderr)
        self.assertIn("vitalgate:", (root / "etc/passwd").read_text())
        if os.geteuid() != 0:
            return
        made = subprocess.run(["systemd-tmpfiles", "--create", f"--root={root}",
                               self.prefix / "lib/tmpfiles.d/vitalgate.conf"], capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual((root / "etc/vitalgate").stat().st_mode & 0o777, 0o750)
        self.assertEqual((root / "etc/vitalgate/secrets").stat().st_mode & 0o777, 0o700)

    def start_bus(self, bluez, *files):
        """A bus with these policies; the user daemon stands for vitalgate, which may not exist here."""
        policies = ""
        for file in files:
            text = (self.prefix / "share" / file).read_text().replace('user="vitalgate"', 'user="daemon"')
            policies += text.split("<busconfig>")[1].split("</busconfig>")[0]
        folder = pathlib.Path(harness.tempfile.mkdtemp(dir=self.folder))
        folder.chmod(0o755)
        (folder / "bus.conf").write_text(SYSTEM_BUS.format(folder=folder, bluez=bluez, files=policies))
        bus = subprocess.Popen(["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={folder}/bus.conf"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (bus.terminate(), bus.wait(), bus.stdout.close()))
        bus.stdout.readline()
        owner = subprocess.Popen(["/usr/bin/python3", "-c", OWNER, str(folder / "bus")], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (owner.terminate(), owner.wait(), owner.stdout.close()))
        self.assertEqual(owner.stdout.readline(), "ready\n")
        return folder / "bus"

    def may_ask(self, user, bus, isolated=False):
        """Whether BlueZ hears a call of this user. Its stand-in has no object: to say so is an answer."""
        account = pwd.getpwnam(user)
        command = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        if isolated:
            command += ["unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}"]
        command += ["dbus-send", f"--bus=unix:path={bus}", "--print-reply", "--dest=org.bluez", "/",
                    "org.freedesktop.DBus.ObjectManager.GetManagedObjects"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=harness.PATIENCE)
        if "AccessDenied" in run.stderr:
            return False
        self.assertIn("UnknownObject", run.stderr)
        return True

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be several users")
    def test_bus_policy_lets_the_daemon_ask_bluez(self):
        bus = self.start_bus("", "dbus-1/system.d/vitalgate.conf")
        self.assertTrue(self.may_ask("daemon", bus))
        self.assertFalse(self.may_ask("nobody", bus))

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be several users")
    def test_the_hardening_example_keeps_other_users_out(self):
        self.assertTrue(self.may_ask("nobody", self.start_bus(OPEN_TO_ALL)))
        bus = self.start_bus(OPEN_TO_ALL, "dbus-1/system.d/vitalgate.conf",
                             "vitalgate/examples/dbus/bluetooth-vitalgate.conf")
        self.assertFalse(self.may_ask("nobody", bus))
        self.assertTrue(self.may_ask("daemon", bus))

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be several users")
    def test_the_bus_knows_the_daemon_in_its_own_user_namespace(self):
        bus = self.start_bus("", "dbus-1/system.d/vitalgate.conf")
        self.assertTrue(self.may_ask("daemon", bus, isolated=True))


# Owns org.bluez and answers every call with an error.
OWNER = """
import ctypes, sys
bus = ctypes.CDLL("libsystemd.so.0")
connection = ctypes.c_void_p()
assert bus.sd_bus_new(ctypes.byref(connection)) >= 0
assert bus.sd_bus_set_address(connection, f"unix:path={sys.argv[1]}".encode()) >= 0
assert bus.sd_bus_set_bus_client(connection, 1) >= 0
assert bus.sd_bus_start(connection) >= 0
assert bus.sd_bus_request_name(connection, b"org.bluez", ctypes.c_uint64(0)) >= 0
print("ready", flush=True)
while True:
    if bus.sd_bus_process(connection, None) == 0:
        bus.sd_bus_wait(connection, ctypes.c_uint64(-1 & 2**64 - 1))
"""

if __name__ == "__main__":
    unittest.main()
