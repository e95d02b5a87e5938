"""An MQTT 5 broker in the hands of a test: takes one client, answers as the test says, keeps what it took.

Only what a hub needs of a broker, without topics and sessions; what is published goes nowhere.
"""
import collections
import socket
import struct
import threading
import time

import harness

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
SUCCESS = 0

Connection = collections.namedtuple("Connection", "number time packet")
Publication = collections.namedtuple("Publication", "connection packet topic payload retained")


class Gone(Exception):
    """The client has closed the connection."""


def packet(kind, body, flags=0):
    size, rest = b"", len(body)
    while rest >= 0x80:
        size, rest = size + bytes([rest & 0x7F | 0x80]), rest >> 7
    return bytes([kind << 4 | flags]) + size + bytes([rest]) + body


def acknowledgement(packet_id, reason=SUCCESS):
    return packet(PUBACK, struct.pack(">HBB", packet_id, reason, 0))


def delivery(packet_id, topic, payload):
    """A message for the client, with QoS 1."""
    name = topic.encode()
    return packet(PUBLISH, struct.pack(">H", len(name)) + name + struct.pack(">HB", packet_id, 0) + payload, 2)


def number_at(data, at):
    """A variable byte integer, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


class Client:
    """One TCP connection of a client."""

    def __init__(self, stream, number):
        self.stream, self.number = stream, number

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.stream.recv(count - len(data))
            if not more:
                raise Gone
            data += more
        return data

    def read_packet(self):
        head = self.read(2)
        while head[-1] >= 0x80:
            head += self.read(1)
        return head[0] >> 4, head[0] & 0x0F, self.read(number_at(head, 1)[0])

    def send(self, data):
        self.stream.sendall(data)

    def acknowledge(self, publication, reason=SUCCESS):
        self.send(acknowledgement(publication.packet, reason))

    def end(self, reason=None):
        """With a reason the client is told it; without one the connection just goes."""
        if reason is not None:
            self.send(packet(DISCONNECT, bytes([reason, 0])))
        raise Gone


class ScriptedBroker:
    """Two functions are the test's: welcome(number) gives the reason of the CONNACK to the client's attempt of that
    number; answer(client, publication) acknowledges a message, or does something else. It gives True if the message
    counts as taken: then it is in `messages`, which look like those of harness.Subscriber.
    """

    def __init__(self):
        self.welcome = lambda number: SUCCESS
        self.answer = self.take
        self.attempts = harness.Watched()
        self.published = harness.Watched()
        self.messages = harness.Watched()
        self.acknowledged = harness.Watched()  # what the client has, by packet
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.client = None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        for end in [self.listener] + ([self.client.stream] if self.client else []):
            try:
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread
            except OSError:
                pass
        self.thread.join(harness.PATIENCE)
        self.listener.close()

    @staticmethod
    def take(client, publication):
        client.acknowledge(publication)
        return True

    def records(self):
        return harness.Subscriber.records_of(self.messages.snapshot())

    def wait_records(self, condition, what, limit=harness.PATIENCE):
        return self.messages.wait(lambda messages: condition(harness.Subscriber.records_of(messages)), what, limit)

    def _serve(self):
        for number in range(1, 1 << 30):
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            with stream:
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.client = Client(stream, number)
                try:
                    self._converse(self.client)
                except (Gone, OSError):
                    pass

    def _converse(self, client):
        kind, _, body = client.read_packet()
        if kind != CONNECT:
            raise Gone
        self.attempts.add(Connection(client.number, time.monotonic(), body))
        reason = self.welcome(client.number)
        client.send(packet(CONNACK, bytes([0, reason, 0])))
        if reason != SUCCESS:
            raise Gone
        while True:
            kind, flags, body = client.read_packet()
            if kind == PUBLISH:
                self._published(client, flags, body)
            elif kind == PUBACK:
                self.acknowledged.add(struct.unpack_from(">H", body)[0])
            elif kind == SUBSCRIBE:
                client.send(packet(SUBACK, body[:2] + bytes([0, 1])))
            elif kind == PINGREQ:
                client.send(packet(PINGRESP, b""))
            elif kind == DISCONNECT:
                raise Gone

    def _published(self, client, flags, body):
        end = 2 + struct.unpack_from(">H", body)[0]
        topic = body[2:end].decode()
        identifier = struct.unpack_from(">H", body, end)[0]
        size, begin = number_at(body, end + 2)
        publication = Publication(client.number, identifier, topic, body[begin + size:], bool(flags & 1))
        self.published.add(publication)
        if self.answer(client, publication):
            self.messages.add(publication)
