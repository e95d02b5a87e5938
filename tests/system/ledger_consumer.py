"""The example consumer, which also keeps a row for each message that came: what the order and the repetitions of a hub
are checked by. As a program it tells its progress, a line for each message."""
import functools
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "packaging/examples"))

import consumer  # noqa: E402
from vitalgate.v1 import vocabulary_pb2  # noqa: E402

SCHEMA = """
CREATE TABLE IF NOT EXISTS arrival (number INTEGER PRIMARY KEY, at_s REAL, hub TEXT, stream TEXT, connection INTEGER,
    lane INTEGER, again INTEGER, sequences TEXT);
CREATE TABLE IF NOT EXISTS connection (hub TEXT PRIMARY KEY, number INTEGER);
"""


class TracingLedger(consumer.Ledger):
    def __init__(self, path, uplink="", tell=lambda line: None):
        super().__init__(path, uplink)
        self.db.executescript(SCHEMA)
        self.tell = tell

    def take(self, root, batch, again=False):
        # The transaction that this opens is the one that the records are committed in.
        self.db.execute("INSERT INTO arrival VALUES (NULL, ?, ?, ?, (SELECT number FROM connection WHERE hub = ?), ?, ?, ?)",
                        (time.time(), batch.hub, batch.stream, batch.hub, batch.lane, again,
                         " ".join(str(record.sequence) for record in batch.records)))
        contradictions = super().take(root, batch, again)
        stream = self.streams[batch.hub, batch.stream]
        self.tell(f"{batch.hub} {batch.stream}: up to {stream.up_to()} of {stream.newest}")
        return contradictions

    def take_status(self, root, status):
        # The first message of a connection; a retained one is queued behind what waits at the broker.
        if status.state == vocabulary_pb2.HUB_ONLINE:
            self.db.execute("INSERT OR REPLACE INTO connection VALUES (?, ?)", (status.hub, status.connection))
        super().take_status(root, status)


if __name__ == "__main__":
    sys.exit(consumer.main(functools.partial(TracingLedger, tell=functools.partial(print, flush=True))))
