"""What goes over a D-Bus, recorded and read again: dbus-monitor writes the messages as they are on the wire.

Shape of a recording: what a hub sees of BlueZ whoever serves it, so that two BlueZ can be compared. See shape().
"""
import dataclasses
import pathlib
import struct
import subprocess
import time

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
HUB_AGENT = "/org/vitalgate/agent"
STARTED_WITHIN, RECORDED_WITHIN = 10, 60
FIELDS = {1: "path", 2: "interface", 3: "member", 4: "error", 5: "reply_to", 6: "destination", 7: "sender",
          8: "signature"}


class Recorder:
    """Records everything that goes over a bus until stop()."""

    def __init__(self, bus, path):
        which = ["--system"] if bus == "system" else ["--address", bus]
        self.path = pathlib.Path(path)
        with open(self.path, "wb") as record:
            self.process = subprocess.Popen(["dbus-monitor", *which, "--pcap"], stdout=record, stderr=subprocess.DEVNULL)
        end = time.monotonic() + STARTED_WITHIN
        while self.path.stat().st_size <= 24:  # its own messages come first
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"dbus-monitor does not record {bus}")
            time.sleep(0.01)

    def wait(self, *values):
        """Until these values of characteristics are in the recording, and so all that came before."""
        end = time.monotonic() + RECORDED_WITHIN
        while not set(values) <= {bytes(m.body[1]["Value"].value) for m in read(self.path) if MILESTONES["value"](m)}:
            if time.monotonic() > end:
                raise AssertionError(f"{values} are not recorded")
            time.sleep(0.01)

    def stop(self):
        self.process.terminate()
        self.process.wait()


@dataclasses.dataclass
class Message:
    kind: int
    serial: int
    path: str = ""
    interface: str = ""
    member: str = ""
    error: str = ""
    reply_to: int = 0
    destination: str = ""
    sender: str = ""
    signature: str = ""
    body: tuple = ()


@dataclasses.dataclass
class Variant:
    signature: str
    value: object


class Wire:
    """Values in D-Bus's marshalling (D-Bus specification, "Message Protocol")."""

    FIXED = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
    ALIGNMENT = {"y": 1, "g": 1, "v": 1, "n": 2, "q": 2, "x": 8, "t": 8, "d": 8, "(": 8, "{": 8}

    def __init__(self, octets, order):
        self.octets, self.order, self.at = octets, order, 0

    def align(self, signature):
        step = self.ALIGNMENT.get(signature[0], 4)
        self.at += -self.at % step

    def fixed(self, code):
        size = struct.calcsize(code)
        value, = struct.unpack_from(self.order + code, self.octets, self.at)
        self.at += size
        return value

    def text(self, length):
        value = self.octets[self.at:self.at + length].decode()
        self.at += length + 1
        return value

    def value(self, signature):
        """The one complete type that the signature is."""
        self.align(signature)
        kind = signature[0]
        if kind in self.FIXED:
            return self.fixed(self.FIXED[kind])
        if kind in "so":
            return self.text(self.fixed("I"))
        if kind == "g":
            return self.text(self.fixed("B"))
        if kind == "v":
            inner = self.value("g")
            return Variant(inner, self.value(inner))
        if kind == "a":
            return self.array(signature[1:])
        return tuple(self.value(part) for part in complete_types(signature[1:-1]))

    def array(self, inner):
        length = self.fixed("I")
        self.align(inner)
        end, found = self.at + length, []
        while self.at < end:
            found.append(self.value(inner))
        return dict(found) if inner[0] == "{" else found


def complete_types(signature):
    while signature:
        end = 0
        while signature[end] == "a":
            end += 1
        depth = 0
        while True:
            depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(signature[end], 0)
            end += 1
            if depth == 0:
                break
        yield signature[:end]
        signature = signature[end:]


def message_of(octets):
    order = "<" if octets[:1] == b"l" else ">"
    wire = Wire(octets, order)
    _, kind, _, _, _, serial = (wire.value(code) for code in "yyyyuu")
    message = Message(kind, serial)
    for code, variant in wire.value("a(yv)"):
        if code in FIELDS:
            setattr(message, FIELDS[code], variant.value)
    wire.at += -wire.at % 8
    message.body = tuple(wire.value(part) for part in complete_types(message.signature))
    return message


def read(path):
    """The messages of a recording, in order; a last one that is not complete is left out."""
    octets = pathlib.Path(path).read_bytes()
    messages, at = [], 24
    while at + 16 <= len(octets):
        _, _, length, _ = struct.unpack_from("<IIII", octets, at)
        at += 16
        if at + length > len(octets):
            break
        messages.append(message_of(octets[at:at + length]))
        at += length
    return messages


# ---- shape ----

def _property(interface, name, value):
    return lambda m: (m.kind == SIGNAL and m.member == "PropertiesChanged" and m.body[0] == interface
                      and name in m.body[1] and m.body[1][name].value == value)


# What happens in a conversation, whose order a hub relies on.
ANSWERED = ("Connect", "StartNotify", "Pair")
MILESTONES = {
    "discovering": _property("org.bluez.Adapter1", "Discovering", True),
    "not discovering": _property("org.bluez.Adapter1", "Discovering", False),
    "connected": _property("org.bluez.Device1", "Connected", True),
    "paired": _property("org.bluez.Device1", "Paired", True),
    "resolved": _property("org.bluez.Device1", "ServicesResolved", True),
    "not resolved": _property("org.bluez.Device1", "ServicesResolved", False),
    "not connected": _property("org.bluez.Device1", "Connected", False),
    "notifying": _property("org.bluez.GattCharacteristic1", "Notifying", True),
    "value": lambda m: (m.kind == SIGNAL and m.member == "PropertiesChanged"
                        and m.body[0] == "org.bluez.GattCharacteristic1" and "Value" in m.body[1]),
    "services": lambda m: (m.kind == SIGNAL and m.member == "InterfacesAdded"
                           and "org.bluez.GattCharacteristic1" in m.body[1]),
}


def shape(messages, adapter="hci0"):
    """What the hub in a recording sees of an adapter and what is below it:

    properties   interface -> property -> signature
    invalidated  the properties that were taken back by PropertiesChanged
    calls        interface.method -> what was answered: signature of the values, or name of the error
    orders       "a < b" for milestones of one connection that came in that order, in any of them
    together     "a + b" for milestones that one message told
    """
    hub = next((m.sender for m in messages if m.member == "RegisterAgent" and HUB_AGENT in m.body), None)
    if hub is None:
        raise AssertionError("no hub is in the recording")
    seen = [m for m in messages if _is_seen(m, hub, f"/org/bluez/{adapter}")]
    orders, together = _orders(seen, hub)
    invalidated = {f"{m.body[0].removeprefix('org.bluez.')}.{name}" for m in seen
                   if m.kind == SIGNAL and m.member == "PropertiesChanged" for name in m.body[2]}
    return {"properties": _properties(seen, adapter), "invalidated": sorted(invalidated), "calls": _calls(seen, hub),
            "orders": orders, "together": together}


def _is_seen(message, hub, below):
    if message.kind == SIGNAL:
        return _is_below(_subject_of(message), below)
    return hub in (message.sender, message.destination)


def _subject_of(message):
    """The object that a call or a signal is about."""
    manages = message.member in ("InterfacesAdded", "InterfacesRemoved")
    return message.body[0] if manages else message.path


def _is_below(path, other):
    return (path + "/").startswith(other + "/")


def _properties(messages, adapter):
    found = {}

    def take(interface, values):
        if interface.startswith("org.bluez."):
            of = found.setdefault(interface.removeprefix("org.bluez."), {})
            of.update({name: value.signature for name, value in values.items()})

    for message in messages:
        if message.kind == SIGNAL and message.member == "PropertiesChanged":
            take(*message.body[:2])
        elif message.kind == SIGNAL and message.member == "InterfacesAdded":
            for interface, values in message.body[1].items():
                take(interface, values)
        elif message.kind == RETURN and message.signature == "a{oa{sa{sv}}}":
            for path, interfaces in message.body[0].items():
                if _is_below(path, f"/org/bluez/{adapter}"):
                    for interface, values in interfaces.items():
                        take(interface, values)
    return {interface: dict(sorted(values.items())) for interface, values in sorted(found.items())}


def _name_of(call):
    return f"{call.interface.removeprefix('org.bluez.')}.{call.member}"


def _calls(messages, hub):
    calls = {m.serial: m for m in messages if m.kind == CALL and m.sender == hub
             and m.interface.startswith("org.bluez.")}
    found = {}
    for message in messages:
        call = calls.get(message.reply_to) if message.destination == hub else None
        if call is not None and message.kind in (RETURN, ERROR):
            answer = message.error or f"({message.signature})"
            found.setdefault(_name_of(call), set()).add(answer)
    return {name: sorted(answers) for name, answers in sorted(found.items())}


def _connections(messages, hub):
    """For each Connect what happens to its device and to the adapter, up to the next Connect of that device."""
    for place, first in enumerate(messages):
        if first.kind != CALL or first.sender != hub or first.member != "Connect":
            continue
        adapter = first.path.rpartition("/")[0]
        part = []
        for message in messages[place:]:
            if message is not first and message.kind == CALL and (message.member, message.path) == ("Connect", first.path):
                break
            if message.kind in (RETURN, ERROR) or _subject_of(message) == adapter or _is_below(_subject_of(message), first.path):
                part.append(message)
        yield part


def _milestones(part, hub):
    """In the order in which each happened first; those that one message told are one, in a list."""
    calls = {m.serial: m for m in part if m.kind == CALL and m.sender == hub}
    order, happened = [], set()
    for message in part:
        names = [name for name, is_it in MILESTONES.items() if is_it(message)]
        call = calls.get(message.reply_to) if message.destination == hub else None
        if call is not None and message.kind == RETURN and call.member in ANSWERED:
            names.append(f"{call.member} answered")
        names = [name for name in names if name not in happened]
        happened.update(names)
        order += [names] if names else []
    return order


def _orders(messages, hub):
    orders, together = set(), set()
    for part in _connections(messages, hub):
        order = _milestones(part, hub)
        together.update(" + ".join(names) for names in order if len(names) > 1)
        for place, names in enumerate(order):
            orders.update(f"{name} < {later}" for name in names for others in order[place + 1:] for later in others)
    return sorted(orders), sorted(together)


def merged(shapes):
    """Of several recordings of one BlueZ."""
    whole = {"properties": {}, "invalidated": set(), "calls": {}, "orders": set(), "together": set()}
    for each in shapes:
        for interface, values in each["properties"].items():
            whole["properties"].setdefault(interface, {}).update(values)
        for name, answers in each["calls"].items():
            whole["calls"][name] = sorted(set(whole["calls"].get(name, [])) | set(answers))
        for part in ("invalidated", "orders", "together"):
            whole[part] |= set(each[part])
    return {part: sorted(found) if isinstance(found, set) else found for part, found in whole.items()}


def always(orders):
    """The pairs that were never the other way round, as (first, second)."""
    pairs = {tuple(order.split(" < ")) for order in orders}
    return sorted((first, second) for first, second in pairs if (second, first) not in pairs)
