"""What the scenarios do to the machine they run in: services, BlueZ, controllers, the journal."""
import contextlib
import pathlib
import re
import subprocess
import time

import dbus
import dbus.bus

CONTROLLERS = ("hci0", "hci1", "hci2")
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


def inactive(*units):
    states = run("systemctl", "is-active", *units, check=False).split()
    return [unit for unit, state in zip(units, states, strict=True) if state != "active"]


def restarts(unit):
    return int(run("systemctl", "show", "-P", "NRestarts", unit))


def ending(unit):
    """"success", or how its process has ended instead."""
    return run("systemctl", "show", "-P", "Result", unit).strip()


def main_pid(unit):
    return int(run("systemctl", "show", "-P", "MainPID", unit))


def journal(since, *units, lines=None):
    """What the units, or with none the whole machine, have said since a time of time.time()."""
    selection = [part for unit in units for part in ("-u", unit)]
    limit = ["-n", lines] if lines else []
    return run("journalctl", "-q", "--no-pager", "-o", "short-precise", f"--since=@{since:.6f}", *selection, *limit)


def sanitizer_reports(text):
    return [line for line in text.splitlines() if any(sign in line for sign in SIGNS_OF_A_SANITIZER)]


def without_shadow(text):
    """Without the tables in which the address sanitizer prints its shadow of the memory."""
    return re.sub(r"^[^\n]*Shadow bytes around.*?^[^\n]*Right alloca redzone[^\n]*\n", "", text, flags=re.S | re.M)


@contextlib.contextmanager
def bus():
    """A connection of its own for each use: the system's bus may be restarted in between."""
    connection = dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM)
    try:
        yield connection
    finally:
        connection.close()


def call_bluez(path, interface, method, signature="", *arguments):
    """Does not start bluetoothd: a scenario may have stopped it."""
    with bus() as connection:
        if not connection.name_has_owner("org.bluez"):
            raise dbus.DBusException("bluetoothd does not run")
        return connection.call_blocking("org.bluez", path, interface, method, signature, arguments, timeout=10)


def bluez_objects():
    """Path -> interface -> property -> value of all that bluetoothd has; nothing when it cannot be asked."""
    try:
        return call_bluez("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    except dbus.DBusException:
        return {}


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


def characteristic_path(adapter, address, uuid):
    below = f"{adapter_path(adapter)}/dev_{address.replace(':', '_')}/"
    return next(path for path, interfaces in bluez_objects().items() if path.startswith(below)
                and interfaces.get("org.bluez.GattCharacteristic1", {}).get("UUID") == uuid)


def set_powered(adapter, on):
    def is_done():
        try:
            call_bluez(adapter_path(adapter), "org.freedesktop.DBus.Properties", "Set", "ssv", ADAPTER, "Powered",
                       dbus.Boolean(on, variant_level=1))
        except dbus.DBusException:  # busy: bluetoothd is at it itself
            return False
        return True
    wait_until(is_done, f"{adapter} switched {'on' if on else 'off'}")


def _rfkill(adapter):
    """The switch of one controller; it is found by its name, which is the controller's."""
    return next(path for path in pathlib.Path("/sys/class/rfkill").iterdir()
                if (path / "name").read_text().strip() == adapter) / "soft"


def block(adapter):
    """Off, and not to be switched on by anybody: what rfkill does."""
    _rfkill(adapter).write_text("1")


def unblock(adapter):
    _rfkill(adapter).write_text("0")


def disconnect(adapter, address):
    """What the device at the other end does when it hears nothing any more."""
    call_bluez(f"{adapter_path(adapter)}/dev_{address.replace(':', '_')}", DEVICE, "Disconnect")


def forget_device(adapter, address):
    """Bond and all, as bluetoothctl remove does it."""
    path = adapter_path(adapter)
    call_bluez(path, ADAPTER, "RemoveDevice", "o", f"{path}/dev_{address.replace(':', '_')}")


def forget_all_devices():
    """On every adapter, so at both ends of each bond."""
    for interfaces in bluez_objects().values():
        if DEVICE in interfaces:
            try:
                forget_device(interfaces[DEVICE]["Adapter"].rpartition("/")[2], interfaces[DEVICE]["Address"])
            except dbus.DBusException:
                pass  # one that was not bonded vanishes with its connection


def unplug_controllers():
    """All at once, as when a hub of USB sticks is pulled."""
    run("systemctl", "stop", "btvirt")
    wait_until(lambda: not any(map(has_adapter, CONTROLLERS)), "the controllers gone")


def plug_controllers():
    """They are there when bluetoothd shows them."""
    run("systemctl", "start", "btvirt")
    for _ in range(3):
        try:
            return wait_until(lambda: all(map(has_adapter, CONTROLLERS)), "all controllers", limit=10)
        except AssertionError:
            # The kernel gives up on a controller whose first answer comes too late; and bluetoothd may hang.
            run("systemctl", "restart", "btvirt", "bluetooth")
    raise AssertionError("bluetoothd does not show all controllers, though btvirt was restarted three times:\n"
                         + journal(time.time() - 60, "btvirt", "bluetooth"))


def renew_controllers():
    """As they were at the start: virtual ones that have been through trouble may refuse connections for ever."""
    run("systemctl", "restart", "btvirt")
    plug_controllers()


def repair():
    """The machine as a scenario may expect it: bus, bluetoothd and broker run, controllers are plugged and on."""
    for unit in inactive("dbus", "mosquitto", "bluetooth", "btvirt"):
        run("systemctl", "reset-failed", unit, check=False)
        run("systemctl", "start", unit)
    if not all(map(has_adapter, CONTROLLERS)):
        plug_controllers()
    for adapter in CONTROLLERS:
        if not has_adapter(adapter, Powered=True):
            set_powered(adapter, True)

