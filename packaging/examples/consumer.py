#!/usr/bin/python3
"""Stores everything that vitalgate hubs publish, and shows that nothing is missing.

One process and one SQLite file. It stores a message before it acknowledges it, knows of each hub and
stream which sequences it has, and with --receipts tells the hubs so and asks for what is missing.

Exit status: 0 ended by a signal, or --report found everything; 1 --report found something missing, or
the database cannot be used; 2 wrong usage, or something is not installed; 3 a hub contradicted itself:
look into table contradiction.
"""
from __future__ import annotations

import argparse
import bisect
import dataclasses
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import ssl
import sys
import time
from typing import Callable, Iterable, Iterator

try:
    import paho.mqtt.client as mqtt
    from google.protobuf.message import DecodeError, Message
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    from vitalgate.v1 import event_pb2, hub_pb2, reading_pb2, stream_pb2, vocabulary_pb2
except ImportError as error:
    LACKS = str(error)
else:
    LACKS = ""

PREPARATION = """\
Debian packages: protobuf-compiler python3-protobuf python3-paho-mqtt. The messages are made with
protoc -I/usr/share/vitalgate/proto --python_out=. /usr/share/vitalgate/proto/vitalgate/v1/*.proto
in the folder of this program, or in one that PYTHONPATH names (export PYTHONPATH=.)."""
Span = tuple[int, int]  # both ends included
LARGEST = 2**63 - 1     # of SQLite; no hub ever comes near it
RECEIPT_EVERY_S, RECEIPT_RECORDS, RECEIPT_SPANS = 1.0, 1000, 256  # whichever is first, and as many ranges as a hub takes
SCHEMA = """
CREATE TABLE IF NOT EXISTS reading (id TEXT PRIMARY KEY, hub TEXT, stream TEXT, sequence INTEGER, body BLOB,
    device TEXT, kind TEXT, subject TEXT, measured_s INTEGER, amends TEXT);
CREATE INDEX IF NOT EXISTS reading_amends ON reading (amends) WHERE amends <> '';
CREATE VIEW IF NOT EXISTS current_reading AS SELECT * FROM reading AS r WHERE NOT EXISTS
    (SELECT 1 FROM reading AS later WHERE later.amends = r.id AND later.amends <> '' AND later.id <> r.id);
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, hub TEXT, stream TEXT, sequence INTEGER, body BLOB, kind TEXT);
CREATE TABLE IF NOT EXISTS result (id TEXT PRIMARY KEY, hub TEXT, stream TEXT, sequence INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS unknown (id TEXT PRIMARY KEY, hub TEXT, stream TEXT, sequence INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS record (hub TEXT, stream TEXT, sequence INTEGER, kind TEXT, id TEXT, digest BLOB,
    PRIMARY KEY (hub, stream, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream (hub TEXT, stream TEXT, root TEXT, newest INTEGER, oldest_held INTEGER,
    duplicates INTEGER, received TEXT, lost TEXT, UNIQUE (hub, stream));
CREATE TABLE IF NOT EXISTS contradiction (hub TEXT, stream TEXT, sequence INTEGER, what TEXT, body BLOB);
"""
VOLATILE = {"reading": ("received", "source", "device_clock", "measured", "time_basis", "id_basis"), "event": ("occurred", "text")}


class RangeSet:
    """A set of whole numbers, kept as ranges."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._firsts, self._lasts = list[int](), list[int]()
        for first, last in spans:
            self.add(first, last)

    def __iter__(self) -> Iterator[Span]:
        return zip(self._firsts, self._lasts)

    def __contains__(self, number: int) -> bool:
        at = bisect.bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def add(self, first: int, last: int) -> Span:
        """The range of the set that has them now."""
        begin = bisect.bisect_left(self._lasts, first - 1)
        end = bisect.bisect_right(self._firsts, last + 1)
        if begin < end:
            first, last = min(first, self._firsts[begin]), max(last, self._lasts[end - 1])
        self._firsts[begin:end], self._lasts[begin:end] = [first], [last]
        return first, last

    def up_to(self) -> int:
        """The end of the range that begins at 1; 0 if there is none."""
        return self._lasts[0] if self._firsts and self._firsts[0] == 1 else 0

    def missing(self, last: int) -> list[Span]:
        """What lacks from 1 to last."""
        gaps, expected = [], 1
        for begin, end in [*self, (last + 1, last + 1)]:
            if expected < begin and expected <= last:
                gaps.append((expected, min(begin - 1, last)))
            expected = max(expected, end + 1)
        return gaps


@dataclasses.dataclass
class Stream:
    """What is known of one stream of one hub."""
    root: str  # of the hub's topics
    newest: int = 0
    oldest_held: int = 0
    duplicates: int = 0
    received: RangeSet = dataclasses.field(default_factory=RangeSet)
    lost: RangeSet = dataclasses.field(default_factory=RangeSet)

    def accounted(self) -> RangeSet:
        return RangeSet([*self.received, *self.lost])

    def up_to(self) -> int:
        return min(self.accounted().up_to(), self.newest)

    def missing(self) -> list[Span]:
        return self.accounted().missing(self.newest)


def content(kind: str, body: bytes) -> Message:
    """What copies under one id agree in. A device that is read again, into a new store, gives the rest anew."""
    message = (reading_pb2.Reading if kind == "reading" else event_pb2.Event).FromString(body)
    for field in VOLATILE[kind]:
        message.ClearField(field)
    if kind == "event" and message.HasField("refused"):
        message.refused.ClearField("source")
    return message


def is_part(one: Message, other: Message) -> bool:
    """Whether a piece did not come in time when one was made, and did for the other."""
    return getattr(one, "partial", False) and not other.partial and all(part in other.observations for part in one.observations)


def ranges(spans: list[Span]) -> list[vocabulary_pb2.Range]:
    return [vocabulary_pb2.Range(first=first, last=last) for first, last in spans[:RECEIPT_SPANS]]


class Ledger:
    """The database. What a call has taken is on the disk when it returns; if it raises, nothing is, and this is of no more use."""

    def __init__(self, path: str | os.PathLike[str], uplink: str = "") -> None:
        """uplink: the name that the hubs give to the uplink that leads here; losses of other uplinks are none for us."""
        self.db = sqlite3.connect(path, timeout=30)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)
        self.uplink = uplink
        self.streams: dict[tuple[str, str], Stream] = {}
        self.current: dict[str, str] = {}  # hub -> the stream that began last
        for hub, name, *values, received, lost in self.db.execute("SELECT * FROM stream ORDER BY rowid"):
            self.streams[hub, name] = Stream(*values, *(RangeSet(json.loads(spans)) for spans in (received, lost)))
            self.current[hub] = name

    def take(self, root: str, batch: stream_pb2.Batch, again: bool = False) -> list[str]:
        """Sentences about contradictions. again: the broker says that it sends it once more."""
        with self.db:
            stream = self._stream(root, batch)
            contradictions = [self._take_record(batch, stream, record) for record in batch.records]
            self._save(batch.hub, batch.stream)
        return [sentence for sentence in contradictions if sentence]

    def take_status(self, root: str, status: hub_pb2.HubStatus) -> None:
        with self.db:
            self._stream(root, status)
            self._save(status.hub, status.stream)

    def receipt(self, hub: str) -> stream_pb2.Receipt:
        """What is stored of the hub's present stream."""
        stream = self.streams[hub, self.current[hub]]
        up_to, newest = stream.up_to(), stream.newest
        beyond = [(first, min(last, newest)) for first, last in stream.accounted() if up_to < first <= newest]
        return stream_pb2.Receipt(hub=hub, stream=self.current[hub], up_to=up_to, stored=ranges(beyond))

    def gap_report(self, hub: str, missing: list[Span]) -> stream_pb2.Receipt:
        """Apart from the receipt: a hub takes so many ranges of both together."""
        return stream_pb2.Receipt(hub=hub, stream=self.current[hub], missing=ranges(missing))

    def _stream(self, root: str, header: stream_pb2.Batch | hub_pb2.HubStatus) -> Stream:
        hub, name = header.hub, header.stream
        if (hub, name) not in self.streams:
            self.db.execute("INSERT INTO stream (hub, stream, root) VALUES (?, ?, ?)", (hub, name, root))
            self.streams[hub, name], self.current[hub] = Stream(root), name
        stream = self.streams[hub, name]
        stream.newest = max(stream.newest, header.newest)
        stream.oldest_held = max(stream.oldest_held, header.oldest_held)
        return stream

    def _save(self, hub: str, name: str) -> None:
        stream = self.streams[hub, name]
        self.db.execute("UPDATE stream SET newest = ?, oldest_held = ?, duplicates = ?, received = ?, lost = ? "
                        "WHERE hub = ? AND stream = ?", (stream.newest, stream.oldest_held, stream.duplicates, json.dumps(
                            list(stream.received)), json.dumps(list(stream.lost)), hub, name))

    def _take_record(self, batch: stream_pb2.Batch, stream: Stream, record: stream_pb2.Record) -> str:
        kind = record.WhichOneof("body") or "unknown"
        body = getattr(record, kind, record)
        digest = hashlib.blake2b(record.SerializeToString(deterministic=True), digest_size=16).digest()
        place = (batch.hub, batch.stream, record.sequence)
        if record.sequence in stream.received:
            stream.duplicates += 1
            same = self.db.execute("SELECT 1 FROM record WHERE hub = ? AND stream = ? AND sequence = ? AND digest = ?",
                                   (*place, digest)).fetchone()
            return "" if same else self._contradict(place, "two contents under one sequence", body)
        name = ":".join(map(str, place))
        if kind in ("reading", "event"):
            name = body.id
        elif kind == "result" and body.command_id:  # a request that cannot be read has none
            name = f"{body.command_id}:{body.state}"
        self.db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", (*place, kind, name, digest))
        stream.received.add(record.sequence, record.sequence)
        return self._store(kind, place, name, body)

    def _store(self, kind: str, place: tuple[str, str, int], name: str, body: Message) -> str:
        more: tuple[str | int, ...] = ()
        if kind == "reading":
            more = (body.device, body.kind, body.subject, body.measured.seconds, body.amends)
        elif kind == "event":
            more = (body.WhichOneof("what") or "",)
            if body.HasField("loss"):
                self._lose(place[0], self.stream_of(*place[:2], body.loss), body.loss)
        values = (name, *place, body.SerializeToString(), *more)
        known = self.db.execute(f"SELECT body FROM {kind} WHERE id = ?", (name,)).fetchone()
        if known and kind != "result":  # a request that is repeated is answered again, perhaps otherwise
            before, now = content(kind, *known), content(kind, values[4])
            if before != now and not is_part(before, now) and not is_part(now, before):
                return self._contradict(place, "two contents under one id", body)
            known = None if is_part(before, now) else known
        if not known:
            self.db.execute(f"INSERT OR REPLACE INTO {kind} VALUES ({', '.join('?' * len(values))})", values)
        return ""

    def stream_of(self, hub: str, present: str, loss: event_pb2.Loss) -> str:
        """Whose ranges a loss names. A hub that could read nothing of its old store cannot name it: it is the one before."""
        if loss.stream or not loss.ranges:
            return loss.stream or present
        names = [name for of, name in self.streams if of == hub]
        return ["", *names][names.index(present)]

    def _lose(self, hub: str, name: str, loss: event_pb2.Loss) -> None:
        stream = self.streams.get((hub, name))
        if stream and loss.uplink in ("", self.uplink):
            for lost in loss.ranges:
                last = min(lost.last or LARGEST, LARGEST)  # 0: to the end
                if 0 < lost.first <= last:
                    stream.lost.add(lost.first, last)
            self._save(hub, name)

    def _contradict(self, place: tuple[str, str, int], what: str, body: Message) -> str:
        self.db.execute("INSERT INTO contradiction VALUES (?, ?, ?, ?, ?)", (*place, what, body.SerializeToString()))
        return f"{place[0]}: stream {place[1]}, sequence {place[2]}: {what}"


@dataclasses.dataclass
class GapWatch:
    """Finds gaps that stay as they are: what still drains becomes smaller all the time."""
    after_s: float
    since_s: dict[tuple[str, Span], float] = dataclasses.field(default_factory=dict)

    def due(self, hub: str, gaps: list[Span], now_s: float) -> list[Span]:
        """Those to ask for now; they are due again after the same time."""
        self.since_s = {key: since_s for key, since_s in self.since_s.items() if key[0] != hub or key[1] in gaps}
        old = [gap for gap in gaps if now_s - self.since_s.setdefault((hub, gap), now_s) >= self.after_s]
        self.since_s.update({(hub, gap): now_s for gap in old})
        return old


class Consumer:
    """The connection to the broker, on the thread of run()."""

    def __init__(self, options: argparse.Namespace, ledger: Ledger) -> None:
        self.options, self.ledger, self.gaps = options, ledger, GapWatch(options.gap_after)
        self.stopping = self.failed = False
        self.unconfirmed = set(ledger.current)  # hubs
        self.records, self.receipts_at = 0, 0.0  # since the last receipts; when these were
        self.client = mqtt.Client(client_id=options.client_id, protocol=mqtt.MQTTv5)
        self.client.on_connect, self.client.on_message = self.on_connect, self.on_message
        if options.user:
            self.client.username_pw_set(options.user, pathlib.Path(options.password_file).read_text().rstrip("\r\n"))
        if options.ca:
            context = ssl.create_default_context(cafile=options.ca)
            if options.cert:
                context.load_cert_chain(options.cert, options.key)
            self.client.tls_set_context(context)

    def run(self) -> int:
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 7 * 24 * 3600  # so long the broker keeps everything for us
        self.client.connect_async(self.options.host, self.options.port, clean_start=False, properties=session)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "stopping", True))
        while not self.stopping:
            try:
                self.client.reconnect()
                while not self.stopping and self.client.loop(0.2) == mqtt.MQTT_ERR_SUCCESS:
                    self.send_receipts(time.monotonic())
            except OSError as error:
                print(f"{self.options.host}:{self.options.port}: {error}", file=sys.stderr, flush=True)
            time.sleep(0 if self.stopping else 1)
        self.client.disconnect()
        return 3 if self.failed else 0

    def on_connect(self, client: mqtt.Client, _data: object, _flags: object, reason: object, _more: object = None) -> None:
        if reason != 0:
            print(f"{self.options.host}: the broker refuses: {reason}", file=sys.stderr, flush=True)
        for part in ("status", "readings/#", "events/#", "results/#", "batches") if reason == 0 else ():
            client.subscribe(f"{self.options.prefix}/+/{part}", 1)

    def on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """paho-mqtt acknowledges when this has returned, and not if it raises."""
        hub, part = message.topic.removeprefix(self.options.prefix + "/").split("/")[:2]
        try:
            body = (hub_pb2.HubStatus if part == "status" else stream_pb2.Batch).FromString(message.payload)
            check(body, hub, part == "status")
        except (DecodeError, ValueError) as error:
            with self.ledger.db as db:
                db.execute("INSERT INTO contradiction VALUES (?, '', 0, ?, ?)", (hub, str(error), message.payload))
            self.contradicted(f"{message.topic}: kept in table contradiction: {error}")
            return
        root = f"{self.options.prefix}/{hub}"
        self.unconfirmed.add(hub)
        if part != "status":
            for contradiction in self.ledger.take(root, body, message.dup):
                self.contradicted(contradiction)
            self.records += len(body.records)
        elif body.stream:  # a last will has none
            self.ledger.take_status(root, body)

    def contradicted(self, sentence: str) -> None:
        self.failed = True
        print(sentence, file=sys.stderr, flush=True)

    def send_receipts(self, now_s: float) -> None:
        is_due = self.records >= RECEIPT_RECORDS or now_s - self.receipts_at >= RECEIPT_EVERY_S
        if not self.options.receipts or not is_due or not self.client.is_connected():
            return
        expiry = Properties(PacketTypes.PUBLISH)
        expiry.MessageExpiryInterval = 3600
        for hub, name in self.ledger.current.items():
            stream = self.ledger.streams[hub, name]
            # Below the oldest that the hub holds there is nothing to ask for.
            gaps = [(max(first, stream.oldest_held), last) for first, last in stream.missing() if last >= stream.oldest_held]
            missing = self.gaps.due(hub, gaps, now_s)
            receipts = [self.ledger.receipt(hub)] if hub in self.unconfirmed else []
            for receipt in receipts + ([self.ledger.gap_report(hub, missing)] if missing else []):
                self.client.publish(f"{stream.root}/receipts", receipt.SerializeToString(), 1, properties=expiry)
        self.unconfirmed.clear()
        self.records, self.receipts_at = 0, now_s


def check(body: stream_pb2.Batch | hub_pb2.HubStatus, hub: str, is_status: bool) -> None:
    if body.hub != hub:  # who may write below one hub's topics shall not speak for another
        raise ValueError("it is below the topic of another hub")
    sequences = [record.sequence for record in getattr(body, "records", ())]
    if max(body.newest, body.oldest_held, *sequences) > LARGEST or 0 in sequences or not (body.stream or is_status):
        raise ValueError("it has no stream, or a sequence that cannot be")


def shown(spans: Iterable[Span]) -> str:
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans) or "none"


def report(ledger: Ledger) -> int:
    losses = [(hub, present, event_pb2.Event.FromString(body).loss) for hub, present, body in ledger.db.execute(
        "SELECT hub, stream, body FROM event WHERE kind = 'loss' ORDER BY sequence")]
    for (hub, name), stream in ledger.streams.items():
        print(f"{hub} stream {name}: up to {stream.up_to()} of {stream.newest}, {stream.duplicates} duplicates\n"
              f"  missing: {shown(stream.missing())}")
        for loss in (loss for of, present, loss in losses if of == hub and ledger.stream_of(of, present, loss) == name):
            print(f"  {vocabulary_pb2.LossReason.Name(loss.reason)}: {loss.count} records, "
                  f"{shown((lost.first, lost.last) for lost in loss.ranges)}{loss.uplink and ', uplink '}{loss.uplink}")
    wrong, = ledger.db.execute("SELECT count(*) FROM contradiction").fetchone()
    print(f"contradictions: {wrong}")
    return 3 if wrong else 1 if any(stream.missing() for stream in ledger.streams.values()) else 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog=PREPARATION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="consumer.db", help="made if it is not there (%(default)s)", metavar="FILE")
    parser.add_argument("--report", action="store_true", help="say what is complete and what is missing, and end")
    parser.add_argument("--host", default="localhost", help="the broker (%(default)s)", metavar="NAME")
    parser.add_argument("--port", type=int, help="(1883, with TLS 8883)")
    parser.add_argument("--client-id", default="consumer", help="names the session at the broker (%(default)s)", metavar="NAME")
    parser.add_argument("--prefix", default="vitalgate/v1", help="of the topics, before the hub (%(default)s)")
    parser.add_argument("--ca", help="encrypt; the broker's certificate is of this authority", metavar="FILE")
    parser.add_argument("--cert", help="our own certificate", metavar="FILE")
    parser.add_argument("--key", help="and its key, unless that is in the same file", metavar="FILE")
    parser.add_argument("--user", metavar="NAME")
    parser.add_argument("--password-file", help="its only line", metavar="FILE")
    parser.add_argument("--uplink", default="", help="as the hubs call the one that leads here", metavar="NAME")
    parser.add_argument("--receipts", action="store_true", help="for hubs with delivery: receipt")
    parser.add_argument("--gap-after", type=float, default=60.0, help="ask for what is missing so long (%(default)s)", metavar="S")
    options = parser.parse_args(arguments)
    if bool(options.user) != bool(options.password_file) or options.key and not options.cert:
        parser.error("--user and --password-file, and --key and --cert, belong together")
    if options.user and not options.ca and options.host not in ("localhost", "127.0.0.1", "::1"):
        parser.error("the password would go out in clear: add --ca")
    options.port = options.port or (8883 if options.ca else 1883)
    return options


def main(make_ledger: Callable[[str, str], Ledger] = Ledger) -> int:
    options = parsed(sys.argv[1:])
    if LACKS:
        print(f"consumer.py: {LACKS}\n{PREPARATION}", file=sys.stderr)
        return 2
    os.umask(0o077)  # health data: for nobody else
    try:
        ledger = make_ledger(options.database, options.uplink)
        return report(ledger) if options.report else Consumer(options, ledger).run()
    except (sqlite3.Error, OSError) as error:
        print(f"{options.database}: {error}" if isinstance(error, sqlite3.Error) else error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
