"""Nothing accepted is lost or doubled when the daemon dies at any of the places that its sources name with failpoint().

    failpoints_test.py [--passes N] [--seed S]      N kills more at each place that is passed again and again, instead of one
                       [--only NAME:N …]            at these places, at the Nth pass, instead of all
                       [--patience S]               with what must reach the consumer in the end

What is demanded stands in ledger_check.py.
"""
import argparse
import contextlib
import functools
import re
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

import harness
import ledger_check
import ordeal
from commands_test import uuid_version_7
from vitalgate.v1 import command_pb2, hub_pb2, vocabulary_pb2

# What the daemon does when it passes a place, and by which pass at the latest the second kill comes there; 1: there is none.
NEW, WORK, STOP, COMMAND, FULL, DAMAGED = "new", "work", "stop", "command", "full", "damaged"
PLACES = {
    "store.name-new": (NEW, 1),
    "store.checkpoint": (WORK, 1),
    "store.checkpoint-done": (WORK, 1),
    "store.write-sets": (WORK, 9),
    "store.commit": (WORK, 9),
    "store.committed": (WORK, 9),
    "store.answer": (WORK, 9),
    "app.append": (WORK, 9),
    "session.ask-records": (WORK, 2),
    "session.committed": (WORK, 9),
    "session.move-mark": (WORK, 2),
    "uplink.count-connection": (WORK, 1),
    "uplink.connect": (WORK, 1),
    "uplink.connected": (WORK, 1),
    "uplink.publish": (WORK, 9),
    "uplink.published": (WORK, 9),
    "uplink.acknowledge": (WORK, 9),
    "uplink.save-sets": (WORK, 9),
    "uplink.acknowledged": (WORK, 9),
    "uplink.receipt": (WORK, 2),
    "uplink.receipt-applied": (WORK, 2),
    "store.flush": (STOP, 1),
    "commands.begin": (COMMAND, 1),
    "commands.run": (COMMAND, 1),
    "app.replay": (COMMAND, 1),
    "commands.ran": (COMMAND, 1),
    "commands.answered": (COMMAND, 1),
    "store.make-room": (FULL, 1),
    "store.record-loss": (FULL, 1),
    "store.loss-recorded": (FULL, 1),
    "store.commit-salvaged-rows": (DAMAGED, 2),
    "store.commit-salvage": (DAMAGED, 1),
    "store.finish-salvage": (DAMAGED, 1),
    "store.move-damaged": (DAMAGED, 1),
    "store.move-part": (DAMAGED, 2),
    "store.forget-mark": (DAMAGED, 1),
    "store.name-salvaged": (DAMAGED, 1),
    "store.sync-salvaged": (DAMAGED, 1),
}
# How a command ends that was under way there. Before it is noted nobody knows of it: asked for again, it is run.
OUTCOMES = {
    "commands.begin": vocabulary_pb2.COMMAND_DONE,
    "commands.run": vocabulary_pb2.COMMAND_UNKNOWN,
    "app.replay": vocabulary_pb2.COMMAND_UNKNOWN,
    "commands.ran": vocabulary_pb2.COMMAND_UNKNOWN,
    "commands.answered": vocabulary_pb2.COMMAND_DONE,
}
# A meter with so much in its memory that a store with little room is full at once.
FULL_METER = """
seed: {seed}
adapters: {{hci0: {{address: "00:1A:7D:DA:71:13"}}}}
devices:
  meter:
    model: glucose
    address: "C4:7C:8D:10:00:05"
    clock: {{as: date-time, zone: UTC}}
    memory: 2000
    advertise: {{when: always, every: 100ms}}
    measure: [{{at: -25h, every: 1m, times: {records}, glucose: 70..180}}]
"""
MAXIMUM_KIB, ROOM_KIB, FULL_RECORDS = 8192, 112, 450


def names_in_sources():
    """Each as often as it stands there."""
    sources = [path for folder in ("gateway", "adapters") for path in (harness.SOURCE / folder).glob("**/*.cpp")]
    return sorted(name for path in sources for name in re.findall(r'\bfailpoint\("([^"]*)"\)', path.read_text()))


class Names(unittest.TestCase):
    def test_each_place_has_a_name_of_its_own_and_is_in_the_list_or_in_another_test(self):
        tests = [path for path in (harness.SOURCE / "tests").glob("*/*_test.*") if path.name != "failpoints_test.py"]
        others = "".join(path.read_text() for path in tests)
        named = names_in_sources()
        self.assertEqual(sorted(set(named)), named)
        here = [name for name in named if not re.search(f"[\"']{re.escape(name)}[\"':]", others)]
        self.assertEqual(here, sorted(PLACES))


@functools.cache
def can_be_ended():
    return b"VITALGATE_FAILPOINT" in (harness.BIN / "vitalgated").read_bytes()


class Failpoints(ordeal.Ordeal):
    passes, only = 1, None

    configured_more = "commands: {accept: transport-only}"

    def configuration(self, devices, uplink="", more=""):
        return super().configuration(devices, uplink, more or self.configured_more)

    def setUp(self):
        if not can_be_ended():
            self.skipTest("built without -DVITALGATE_FAILPOINTS=ON")
        super().setUp()
        self.uplink += "\ndelivery: receipt\nreceipt-timeout: 1m"
        self.more = ("--receipts", "--gap-after", "2")
        # What changes something is run with a synchronised clock only, and not every machine has one.
        self.environment = self.preloading("libsynchronised_clock.so")

    def kills_at(self, circumstance):
        """Names of places, and at which pass the daemon dies."""
        for name, (where, latest) in PLACES.items():
            if where != circumstance:
                continue
            if self.only is not None:
                yield from (pair for pair in self.only if pair[0] == name)
                continue
            yield name, 1
            for _ in range(self.passes if latest > 1 else 0):
                yield name, self.chance.randint(2, latest)

    def start_doomed(self, name, number=1):
        self.environment["VITALGATE_FAILPOINT"] = f"{name}:{number}"
        self.start_hub(wait=False)
        del self.environment["VITALGATE_FAILPOINT"]

    def wait_death(self, what):
        try:
            status = self.daemon.wait_end()
        except subprocess.TimeoutExpired:
            self.fail(f"{what}: never passed")
        self.assertEqual(status, -signal.SIGKILL, f"{what}: the daemon ended otherwise")
        self.programs.remove(self.daemon)
        self.note_death()

    def note_death(self):
        self.note_kill()
        self.note_committed()

    def die_at(self, name, number):
        self.start_doomed(name, number)
        self.wait_death(f"{name}, pass {number}")

    def test_at_work(self):
        self.start_consumer()
        self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
        for name, number in self.kills_at(NEW):
            self.die_at(name, number)
        self.start_measuring()
        for name, number in self.kills_at(WORK):
            self.die_at(name, number)
        for name, number in self.kills_at(STOP):
            self.start_doomed(name, number)
            self.daemon.wait_line("ready in")
            self.daemon.process.terminate()
            self.wait_death(name)
        commands = self.die_commanded()
        self.start_hub()
        for name, command in commands.items():
            self.assert_outcome(name, command)
        self.finish("killed at work")

    def die_commanded(self):
        """Each time while a command is under way; gives these commands."""
        self.service, commands = self.subscribe(), {}
        for name, _ in self.kills_at(COMMAND):
            before = len(self.service.messages.snapshot())
            self.start_doomed(name)
            self.wait_online(before)
            commands[name] = self.replay_command()
            self.send(commands[name])
            self.wait_death(name)
            self.settle(commands[name])
        return commands

    def settle(self, command):
        """Whether the broker delivers it once more is chance. Were that to a daemon that ends at the next place, it would be this
        command that is under way there: so it comes to one that ends nowhere."""
        delivered, told, before = self.delivered(), self.told(), len(self.service.messages.snapshot())
        self.start_hub()
        self.wait_online(before)
        # The broker's log, which tells what it has sent again before what the hub then has told it.
        self.broker.lines.wait(lambda _: self.told() > told, "the status in the broker's log")
        if self.delivered() > delivered:
            self.service.wait_records(functools.partial(self.finals, command), f"the result of {command.id}")
        self.kill(self.daemon)
        self.note_committed()

    def delivered(self):
        """How many commands the broker has sent to the hub."""
        return len(re.findall(rf"Sending PUBLISH to {self.hub} .*/commands'", self.broker.output()))

    def told(self):
        """How many statuses the broker has received from the hub."""
        return len(re.findall(rf"Received PUBLISH from {self.hub} .*/status'", self.broker.output()))

    @staticmethod
    def finals(command, records):
        return [r.result for r in records if r.result.command_id == command.id and r.result.final]

    def wait_online(self, before):
        """Until a status came that was not there before: the hub's subscriptions are older than it."""
        def is_online(messages):
            return any(m.topic.endswith("/status") and hub_pb2.HubStatus.FromString(m.payload).state == vocabulary_pb2.HUB_ONLINE
                       and not m.retain for m in messages[before:])
        self.service.messages.wait(is_online, "a status of the new connection")

    def replay_command(self):
        command = command_pb2.Command(id=uuid_version_7(), hub=self.hub)
        command.issued_at.seconds = int(time.time())
        command.not_after.seconds = command.issued_at.seconds + 3600
        command.replay.sequences.first, command.replay.sequences.last = 2, 20
        return command

    def send(self, command):
        signed = command_pb2.SignedCommand(command=command.SerializeToString())
        self.service.publish(f"vitalgate/v1/{self.hub}/commands", signed.SerializeToString())

    def assert_outcome(self, name, command):
        """Asked for again it has, or gets, a result; asked once more it has no other."""
        finals = functools.partial(self.finals, command)

        def states(records):
            return {vocabulary_pb2.CommandState.Name(result.state) for result in finals(records)}
        self.send(command)
        self.service.wait_records(finals, f"{name}: a result of {command.id}")
        self.send(command)
        self.service.wait_records(lambda records: any(result.already_answered for result in finals(records)) or len(states(records)) > 1,
                                  f"{name}: the result of {command.id} again")
        self.assertEqual(states(self.service.records()), {vocabulary_pb2.CommandState.Name(OUTCOMES[name])}, name)

    def test_while_nothing_comes_through_to_the_broker(self):
        """By the broker's word: what it has not acknowledged goes out again, though much is committed after it was sent."""
        way = self.forward()
        way.open()
        self.uplink, self.more = f"broker: mqtt://127.0.0.1:{way.port}", ()
        self.start_all()
        self.consumer.lines.wait(lambda lines: len(lines) >= 20, "20 messages")
        way.is_silent = True
        self.wait_ledger("taken", len(self.ledger("taken")) + 15)
        self.kill(self.daemon)
        self.note_committed()
        way.is_silent = False
        self.start_hub()
        self.finish("killed when nothing came through")

    def test_with_a_full_store(self):
        """Nothing can be sent meanwhile, so readings have to give way."""
        self.devices = {"meter": ledger_check.Device(person="p-2", keeps_records=True)}
        self.configured = 'meter: {address: "C4:7C:8D:10:00:05", person: p-2}'
        self.configured_more = f"commands: {{accept: none}}\nstore: {{max-size: {MAXIMUM_KIB}KiB}}"
        self.start_consumer()
        self.broker.wait_line("consumer 1 vitalgate/v1/+/batches")
        self.kill(self.broker)
        self.start_hub()
        self.daemon.stop()
        self.fill_store()
        self.start_simulator(FULL_METER.format(seed=self.seed, records=FULL_RECORDS))
        self.during_s, self.measured = 0, FULL_RECORDS
        for name, number in self.kills_at(FULL):
            self.die_at(name, number)
        self.start_hub()
        self.daemon.wait_line("undelivered records gave way")
        self.broker = self.start_broker()
        findings = self.finish("killed with a full store")
        self.assertGreater(findings.figures["named as lost"], 0)

    def fill_store(self):
        """But for a little: with something that the hub never asks for."""
        with contextlib.closing(sqlite3.connect(self.folder / "state/store.db")) as store:
            pages, size = (store.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            store.execute("INSERT INTO bookmark(device_key, name, value) VALUES('nobody', 'filler', zeroblob(?))",
                          ((MAXIMUM_KIB - ROOM_KIB) * 1024 - pages * size,))
            store.commit()

    def test_while_a_damaged_store_is_salvaged(self):
        """Some of it is with the service, the rest comes in the new stream."""
        way = self.forward()
        way.open()
        self.uplink = self.uplink.replace(str(self.port), str(way.port))
        self.start_all()
        self.consumer.lines.wait(lambda lines: len(lines) >= 40, "40 messages")
        way.close()
        self.wait_ledger("taken", len(self.ledger("taken")) + 10)
        self.kill(self.daemon)
        self.note_committed()
        for name, number in self.kills_at(DAMAGED):
            # As the hub marks it when it comes upon damage.
            (self.folder / "state/store.db.damaged").touch()
            self.die_at(name, number)
        way.open()
        self.start_hub()
        self.finish("killed while salvaging")


def place(text):
    name, _, number = text.partition(":")
    if name not in PLACES:
        raise argparse.ArgumentTypeError(f"there is no place {name}")
    return name, int(number or 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--passes", type=int, default=Failpoints.passes)
    parser.add_argument("--seed", type=int, default=Failpoints.seed)
    parser.add_argument("--only", type=place, action="append")
    parser.add_argument("--patience", type=float, default=Failpoints.patience_s)
    options, rest = parser.parse_known_args()
    Failpoints.passes, Failpoints.seed, Failpoints.only = options.passes, options.seed, options.only
    Failpoints.patience_s = options.patience
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
