"""Runs the real programs for a test: a private D-Bus, the simulator, Mosquitto, vitalgated.

Everything listens on loopback or in a folder of its own, and is ended by its pid.
"""
import calendar
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import paho.mqtt.client as mqtt
from vitalgate.v1 import device_pb2, hub_pb2, stream_pb2

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["VITALGATE_BIN_DIR"])
# Sanitized programs on two busy cores need patience; a wait ends as soon as what it waits for is there.
PATIENCE = 60

BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


# The cuff of cuff_scenario(), for the configuration.
CUFF = 'cuff: {address: "C4:7C:8D:6A:12:34"}'


def cuff_scenario(measure, seed=5, memory=30):
    """A cuff that is always there, measures as `measure` says, and keeps so much of it until it is taken."""
    return f"""
seed: {seed}
adapters: {{hci0: {{address: "00:11:22:33:44:55"}}}}
devices:
  cuff:
    model: blood-pressure
    address: "C4:7C:8D:6A:12:34"
    memory: {memory}
    advertise: {{when: always, every: 200ms, signal: -60dBm}}
    measure: [{measure}]
"""


def seconds_of(stamp):
    """A time of the simulator's ledger as seconds since 1970."""
    return calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) + float("0" + stamp[19:-1])


def free_port():
    """On which nobody listens at this moment, below those that the kernel gives to clients."""
    while True:
        port = random.SystemRandom().randint(10000, 32767)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Watched:
    """A list that several threads fill and a test waits on."""

    def __init__(self):
        self.items = []
        self.ended = False
        self.changed = threading.Condition()

    def add(self, item):
        with self.changed:
            self.items.append(item)
            self.changed.notify_all()

    def end(self):
        """Nothing more will come: a wait that is not fulfilled then fails at once."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def snapshot(self):
        with self.changed:
            return list(self.items)

    def wait(self, condition, what, limit=PATIENCE):
        """Until condition(list of items) gives something true, which is returned."""
        end = time.monotonic() + limit
        with self.changed:
            while True:
                found = condition(self.items)
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(f"{what}: {'not before the end' if self.ended else f'not within {limit} s'}; "
                                         f"the last of {len(self.items)}: {self.items[-8:]}")
                self.changed.wait(left)


class Forwarder:
    """A TCP way to another port that a test opens, cuts and closes: the hub's way to its broker."""

    def __init__(self, target):
        self.port = free_port()
        self.target = target
        self.listener = None
        self.is_silent = False  # if so, nothing comes through, and nobody is told
        self.pairs = []

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """Refuses new connections and cuts those that are there."""
        if self.listener:
            # shutdown() wakes the accepting thread, close() alone would not.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for pair in self.pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)  # wakes the copying threads, which close both
                except OSError:
                    pass
        self.pairs.clear()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        try:
            while data := source.recv(65536):
                if not self.is_silent:
                    sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()


class Program:
    """A child process whose output lines are kept."""

    def __init__(self, name, command, **more):
        self.name = name
        self.lines = Watched()
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", **more)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self.lines.add(line.rstrip("\n"))
        self.lines.end()

    def output(self):
        return "\n".join(self.lines.snapshot())

    def wait_line(self, text, limit=PATIENCE):
        return self.lines.wait(lambda lines: next((line for line in lines if text in line), None),
                               f"{self.name}: a line with {text!r}", limit)

    def wait_end(self, limit=PATIENCE):
        self.process.wait(limit)
        self.reader.join(limit)
        return self.process.returncode

    def stop(self, how=signal.SIGTERM, limit=PATIENCE):
        """Status of the process, and how long it took to end."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.wait_end(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {limit} s of signal {how}\n{self.output()}")
        return status, time.monotonic() - begin


class Subscriber:
    """Receives everything below a root, as a back end would."""

    def __init__(self, port, root="vitalgate/v1/#", **credentials):
        self.messages = Watched()
        self.client = mqtt.Client(client_id=f"test-{os.urandom(4).hex()}", protocol=mqtt.MQTTv5)
        if credentials:
            self.client.username_pw_set(**credentials)
        self.subscribed = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe(root, qos=1)
        self.client.on_disconnect = lambda *_: self.subscribed.clear()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.on_message = lambda _client, _data, message: self.messages.add(message)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.wait_subscribed()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, topic, payload, retain=False, properties=None):
        self.client.publish(topic, payload, qos=1, retain=retain, properties=properties).wait_for_publish(PATIENCE)

    @staticmethod
    def records_of(messages):
        """Every record of every batch, in order of arrival, duplicates included."""
        records = []
        for message in messages:
            part = message.topic.split("/")[3]
            if part in ("readings", "events", "results", "batches"):
                records += stream_pb2.Batch.FromString(message.payload).records
        return records

    def records(self):
        return self.records_of(self.messages.snapshot())

    def wait_subscribed(self):
        if not self.subscribed.wait(PATIENCE):
            raise AssertionError("the subscriber did not come back")

    def wait_records(self, condition, what, limit=PATIENCE):
        return self.messages.wait(lambda messages: condition(self.records_of(messages)), what, limit)

    def wait_readings(self, count, device=None, limit=PATIENCE):
        def enough(records):
            found = {r.reading.id: r.reading for r in records
                     if r.HasField("reading") and device in (None, r.reading.device)}
            return list(found.values()) if len(found) >= count else None
        return self.wait_records(enough, f"{count} readings of {device or 'any device'}", limit)

    def wait_event(self, kind, device=None, limit=PATIENCE):
        def first(records):
            return next((r.event for r in records if r.HasField("event") and r.event.WhichOneof("what") == kind
                         and device in (None, r.event.device)), None)
        return self.wait_records(first, f"an event {kind}", limit)

    def wait_result(self, command_id, limit=PATIENCE):
        def first(records):
            return next((r.result for r in records if r.HasField("result") and r.result.command_id == command_id), None)
        return self.wait_records(first, f"a result of {command_id}", limit)

    def wait_status(self, state, limit=PATIENCE):
        def last(messages):
            found = [hub_pb2.HubStatus.FromString(m.payload) for m in messages if m.topic.endswith("/status")]
            return next((status for status in reversed(found) if status.state == state), None)
        return self.messages.wait(last, f"status {state}", limit)

    def wait_descriptor(self, device, condition=lambda descriptor: True, limit=PATIENCE):
        def last(messages):
            found = [device_pb2.DeviceDescriptor.FromString(m.payload) for m in messages
                     if m.topic.endswith("/devices/" + device) and m.payload]
            return next((d for d in reversed(found) if condition(d)), None)
        return self.messages.wait(last, f"a descriptor of {device}", limit)


class HubTest(unittest.TestCase):
    """A test with a folder, a bus and a broker of its own."""

    hub = "hub-test"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitalgate-"))
        self.programs = []
        self.subscribers = []
        self.port = free_port()
        self.bus = f"unix:path={self.folder}/bus"
        self.addCleanup(self.end_all)

    def end_all(self):
        failed = self.has_failed()
        for subscriber in self.subscribers:
            subscriber.close()
        for program in reversed(self.programs):
            if program.process.poll() is None:
                program.process.terminate()
        for program in reversed(self.programs):
            try:
                program.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.process.kill()
            if failed:
                lines = [line for line in program.lines.snapshot() if not re.search("(Sending|Received) P", line)]
                print(f"--- {program.name} ---\n" + "\n".join(lines[-60:]), flush=True)
            program.reader.join(PATIENCE)
            if "Sanitizer" in program.output():
                self.fail(f"{program.name}: a sanitizer found something\n{program.output()[-4000:]}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def has_failed(self):
        result = self._outcome.result
        return any(case is self for case, _ in result.failures + result.errors)

    def start(self, name, command, **more):
        program = Program(name, command, **more)
        self.programs.append(program)
        return program

    def start_bus(self):
        path = self.folder / "bus.conf"
        path.write_text(BUS_CONFIGURATION.format(path=self.folder / "bus"))
        bus = self.start("dbus-daemon", ["dbus-daemon", "--nofork", "--print-address", f"--config-file={path}"])
        bus.wait_line("unix:path=")
        return bus

    def start_broker(self, extra="allow_anonymous true\n", port=None):
        path = self.folder / "mosquitto.conf"
        # Started by root it would change to a user who may not read the test's folder.
        user = "user root\n" if os.geteuid() == 0 else ""
        path.write_text(f"{user}listener {port or self.port} 127.0.0.1\nset_tcp_nodelay true\npersistence false\n"
                        f"max_queued_messages 0\nlog_type all\n{extra}")
        broker = self.start("mosquitto", [shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin"),
                                          "-c", path], env={**os.environ, "LD_PRELOAD": ""})
        broker.wait_line("running")
        return broker

    def subscribe(self, **more):
        subscriber = Subscriber(self.port, **more)
        self.subscribers.append(subscriber)
        return subscriber

    def forward(self):
        """A closed way to the broker; its port is what the hub shall be configured with."""
        forwarder = Forwarder(self.port)
        self.addCleanup(forwarder.close)
        return forwarder

    def start_simulator(self, scenario, *arguments):
        """scenario: a file's path, or the text of one."""
        if isinstance(scenario, str):
            path = self.folder / "scenario.yaml"
            path.write_text(scenario)
            scenario = path
        simulator = self.start("vitalgate-simulator", [
            BIN / "vitalgate-simulator", "--scenario", scenario, "--bus", self.bus,
            "--ledger", self.ledger_path, *arguments])
        simulator.wait_line("serving org.bluez")
        return simulator

    @property
    def ledger_path(self):
        return self.folder / "ledger.jsonl"

    def ledger(self, what=None):
        written = self.ledger_path.read_text()
        # The last line may be on its way.
        entries = [json.loads(line) for line in written[:written.rfind("\n") + 1].splitlines()]
        return [entry for entry in entries if what in (None, entry["what"])]

    def wait_entry(self, condition, what, limit=PATIENCE):
        """Until condition(entry) gives something true for an entry of the simulator's ledger: each is shown to it, in order."""
        seen = 0

        def is_there(lines):
            nonlocal seen
            new, seen = lines[seen:], len(lines)
            # tail has words of its own before there is a file.
            return any([condition(json.loads(line)) for line in new if line.startswith("{")])
        watcher = self.start("tail", ["tail", "-F", "-n", "+1", self.ledger_path])
        watcher.lines.wait(is_there, what, limit)
        watcher.stop()

    def wait_ledger(self, what, count, limit=PATIENCE, device=None):
        """Until the simulator has written that many entries of a kind, of one device if one is given."""
        found = itertools.count(1)
        self.wait_entry(lambda entry: entry["what"] == what and device in (None, entry["device"]) and next(found) >= count,
                        f"{count} entries {what} of {device or 'any device'} in the ledger", limit)

    def configuration(self, devices, uplink="", more=""):
        """Text of a configuration whose parts are given as YAML."""
        def indented(text, by):
            return "".join(" " * by + line + "\n" for line in text.strip().splitlines())
        uplink = uplink or f"broker: mqtt://127.0.0.1:{self.port}"
        return (f"hub: {{id: {self.hub}}}\ntime: {{zone: UTC}}\nbluetooth: {{bus: \"{self.bus}\"}}\n"
                f"people:\n  p-1: {{label: Anna}}\n  p-2: {{label: Josef}}\n"
                f"devices:\n{indented(devices, 2)}"
                f"uplinks:\n  care:\n{indented(uplink, 4)}"
                f"{more or 'commands: {accept: none}'}\n")

    def start_daemon(self, configuration, wait=True, **more):
        path = self.folder / "vitalgate.yaml"
        if configuration is not None:
            path.write_text(configuration)
        (self.folder / "state").mkdir(mode=0o700, exist_ok=True)
        daemon = self.start("vitalgated", [BIN / "vitalgated", "--config", path, "--state", self.folder / "state"],
                            **more)
        if wait:
            daemon.wait_line("ready in")
        return daemon

    @staticmethod
    def preloading(library):
        """The environment of a program in which a library of the tests takes the place of the system's."""
        return {**os.environ, "LD_PRELOAD": str(BIN / library),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def assert_complete(self, subscriber, limit=PATIENCE):
        """Every sequence from 1 to the newest was received or stands in a Loss: nothing is missing, as soon as what was sent before
        a row and comes behind it is there."""
        def missing(messages):
            batches = [stream_pb2.Batch.FromString(m.payload) for m in messages
                       if m.topic.split("/")[3] in ("readings", "events", "results", "batches")]
            self.assertEqual(len({batch.stream for batch in batches}), 1, "one store, one stream")
            seen = {record.sequence for batch in batches for record in batch.records}
            for batch in batches:
                for record in batch.records:
                    for lost in record.event.loss.ranges:
                        seen.update(range(lost.first, lost.last + 1))
            return sorted(set(range(1, max(seen) + 1)) - seen)
        with contextlib.suppress(AssertionError):
            subscriber.messages.wait(lambda messages: not missing(messages), "what is missing", limit)
            return
        self.assertEqual(missing(subscriber.messages.snapshot()), [], "gaps")
