"""What the scenarios do to the machine they run in: services, BlueZ, controllers, the journal."""
import json
import pathlib
import subprocess
import time

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SIGNS_OF_A_SANITIZER = ("Sanitizer", "runtime error:")
# Of what the machine does by itself; an emulated processor is slow.
LIMIT = 30


def run(*command, check=True, **more):
    """Standard output of a command; one that fails fails the scenario with its own words."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=LIMIT * 3, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def wait_until(condition, what, limit=LIMIT):
    """Until condition() gives something true, which is returned."""
    end = time.monotonic() + limit
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.05)
    return found


def is_active(unit):
    return run("systemctl", "is-active", unit, check=False).strip() == "active"


def restarts(unit):
    return int(run("systemctl", "show", "-P", "NRestarts", unit))


def main_pid(unit):
    return int(run("systemctl", "show", "-P", "MainPID", unit))


def journal(since, *units, lines=None):
    """What the units, or with none the whole machine, have said since a time of time.time()."""
    selection = [part for unit in units for part in ("-u", unit)]
    limit = ["-n", lines] if lines else []
    return run("journalctl", "-q", "--no-pager", "-o", "short-precise", f"--since=@{since:.6f}", *selection, *limit)


def sanitizer_reports(text):
    return [line for line in text.splitlines() if any(sign in line for sign in SIGNS_OF_A_SANITIZER)]


def bluez_objects():
    """Path -> interface -> property -> value of all that bluetoothd has; nothing when it does not run."""
    answer = subprocess.run(
        ["busctl", "--system", "--json=short", "--auto-start=no", "--timeout=5", "call", "org.bluez", "/",
         "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"], capture_output=True, text=True)
    if answer.returncode != 0:
        return {}
    objects = json.loads(answer.stdout)["data"][0]
    return {path: {interface: {name: value["data"] for name, value in properties.items()}
                   for interface, properties in interfaces.items()} for path, interfaces in objects.items()}


def adapter_path(adapter):
    return f"/org/bluez/{adapter}"


def has_adapter(adapter, **properties):
    found = bluez_objects().get(adapter_path(adapter), {}).get(ADAPTER)
    return found is not None and all(found.get(name) == value for name, value in properties.items())


def adapter_address(adapter):
    return bluez_objects()[adapter_path(adapter)][ADAPTER]["Address"]


def device_seen_by(adapter, address):
    """The properties of a device as an adapter sees it."""
    path = f"{adapter_path(adapter)}/dev_{address.replace(':', '_')}"
    return bluez_objects().get(path, {}).get(DEVICE)


def set_powered(adapter, on):
    # Busy: bluetoothd is at it itself.
    wait_until(lambda: subprocess.run(
        ["busctl", "--system", "set-property", "org.bluez", adapter_path(adapter), ADAPTER, "Powered", "b",
         str(on).lower()], capture_output=True).returncode == 0, f"{adapter} switched {'on' if on else 'off'}")


def forget_device(adapter, address):
    path = adapter_path(adapter)
    run("busctl", "--system", "call", "org.bluez", path, ADAPTER, "RemoveDevice", "o",
        f"{path}/dev_{address.replace(':', '_')}", check=False)


def forget_all_devices():
    """Bonds and names, on every adapter."""
    for path, interfaces in bluez_objects().items():
        if DEVICE in interfaces:
            run("busctl", "--system", "call", "org.bluez", interfaces[DEVICE]["Adapter"], ADAPTER, "RemoveDevice",
                "o", path, check=False)


def unplug_controllers():
    """All at once, as when a hub of USB sticks is pulled."""
    run("systemctl", "stop", "btvirt")
    wait_until(lambda: not has_adapter("hci0"), "the controllers gone")


def plug_controllers():
    """They are there when bluetoothd shows them."""
    run("systemctl", "start", "btvirt")
    for _ in range(3):
        try:
            return wait_until(lambda: has_adapter("hci0") and has_adapter("hci1"), "both controllers", limit=10)
        except AssertionError:
            # The kernel gives up on a controller whose first answer comes too late.
            run("systemctl", "restart", "btvirt")
    raise AssertionError("bluetoothd does not show both controllers, though btvirt was restarted three times:\n"
                         + journal(time.time() - 60, "btvirt", "bluetooth"))


def repair():
    """The machine as a scenario may expect it: bus, bluetoothd and broker run, controllers are plugged and on."""
    for unit in ("dbus", "mosquitto", "bluetooth", "btvirt"):
        if not is_active(unit):
            run("systemctl", "reset-failed", unit, check=False)
            run("systemctl", "start", unit)
    plug_controllers()
    for adapter in ("hci0", "hci1"):
        if not has_adapter(adapter, Powered=True):
            set_powered(adapter, True)


def resident_memory(unit):
    status = pathlib.Path(f"/proc/{main_pid(unit)}/status").read_text()
    return next(line for line in status.splitlines() if line.startswith("VmRSS"))
