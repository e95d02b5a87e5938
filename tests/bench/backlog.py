"""What a hub costs whose service was away for a month: the store's figures and those of the way out of it."""
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

import harness
from vitalgate.v1 import stream_pb2

MONTH_ROWS = 864_000  # 30 days of 20 devices, one reading a minute
MONTH_BYTES = 512 * 2**20
MILLION = 1_000_000
START_SECONDS = 2.0
COST_RATIO = 1.2
DRAIN_PER_SECOND = 20_000
DRAIN_MEMORY_MB = 32.0
LIVE_DELAY_SECONDS = 2.0
COMMIT_DELAY_MS = 5.0
WIPED_PAGES = 50
PAGE_BYTES = 4096
DAMAGED_START_SECONDS = 5.0
CONFIGURATION = "store: {max-size: 2GiB}\ncommands: {accept: none}"
LIVE = harness.cuff_scenario("{every: 500ms, times: 3600, systolic: 118..142, diastolic: 74..88, pulse: 58..80}", seed=1)


class LiveReadings:
    """When each value came by the live lane."""

    def __init__(self, subscriber):
        self.came = {}  # octets of a value -> moment
        subscriber.client.on_message = self.take

    def take(self, _client, _data, message):
        for record in harness.Subscriber.records_of([message]):
            if record.HasField("reading"):
                self.came.setdefault(record.reading.source.raw[0].value.hex(), time.time())


def count_batches(port, readings):
    """A process of its own: prints moment and readings of the first and the last message, and the sum."""
    subscriber = harness.Subscriber(port, root="vitalgate/v1/+/batches")
    parts = harness.Watched()
    subscriber.client.on_message = lambda _client, _data, message: parts.add(
        (time.time(), len(stream_pb2.Batch.FromString(message.payload).records)))
    print("subscribed", flush=True)
    found = parts.wait(lambda all_: all_ if sum(count for _, count in all_) >= readings else None, "the backlog", limit=300)
    print("counted", found[0][0], found[0][1], found[-1][0], sum(count for _, count in found), flush=True)
    subscriber.close()


class Backlog(harness.HubTest):
    """The figures build on each other: one store is filled once."""

    def runTest(self):
        """Not a test case: figures are asked for by name."""

    def figures(self):
        """Rows for the table: name, measured, promised, held."""
        return list(self.each_figure())

    def each_figure(self):
        self.start_bus()
        self.bench = pathlib.Path(os.environ["VITALGATE_BIN_DIR"]) / "store_bench"
        self.state = self.folder / "state"
        self.start_hub().stop()  # makes the keys
        yield from self.size()
        yield from self.damage()
        self.fill(MILLION - MONTH_ROWS, 2 * 2**30)
        yield from self.cost()
        yield from self.beside()
        yield self.start_time()
        yield from self.drain()

    def start_hub(self):
        return self.start_daemon(self.configuration(harness.CUFF, more=CONFIGURATION))

    def store_bench(self, *arguments):
        output = subprocess.run([self.bench, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        return {name: float(value) for name, value in (line.split("\t") for line in output.stdout.splitlines())}

    def fill(self, rows, most):
        return self.store_bench("fill", self.state / "store.db", self.state / "keys/store.key", rows, most)

    def size(self):
        begin = time.monotonic()
        filled = self.fill(MONTH_ROWS, MONTH_BYTES)
        rate = MONTH_ROWS / (time.monotonic() - begin)
        mebibytes = (self.state / "store.db").stat().st_size / 2**20
        whole = filled["rows"] >= MONTH_ROWS and filled["rows"] == filled["newest"]
        yield f"a month of 20 devices, {MONTH_ROWS:,} rows of five kinds", f"{mebibytes:.0f} MiB", \
            "<= 512 MiB", whole and mebibytes <= 512
        yield "  appended at", f"{rate:,.0f}/s", "", True

    def cost(self):
        us = self.store_bench("cost", self.state / "store.db", self.state / "keys/store.key", 2 * 2**30,
                              self.folder / "empty.db")
        ratio = us["single-full"] / us["single-empty"]
        yield (f"processor time of a reading, a million waiting ({us['single-full']:.0f} us) : few", f"{ratio:.2f}",
               f"<= {COST_RATIO}", ratio <= COST_RATIO)
        yield (f"  in a burst of 500 ({us['burst-full']:.0f} us) : few", f"{us['burst-full'] / us['burst-empty']:.2f}", "", True)

    def beside(self):
        """Processor time between asking and answer, as store_bench says; the first percent is the journal written back."""
        ms = self.store_bench("beside", self.state / "store.db", self.state / "keys/store.key", 2 * 2**30)
        for load, name in (("fetching", "rows are read for a replay"), ("searching", "rows are searched by time")):
            yield commit_row(name, ms[f"{load}-p99"], ms["alone-median"])

    def damage(self):
        """The header and pages of a month's store are zero. The store itself is left as it is."""
        aside = self.state.rename(self.folder / "aside")
        self.wiped_copy(aside)
        begin = time.monotonic()
        daemon = self.start_hub()
        seconds = time.monotonic() - begin
        daemon.stop()
        yield (f"start to ready, the same store with {WIPED_PAGES} pages wiped", f"{seconds:.2f} s",
               f"<= {DAMAGED_START_SECONDS} s", seconds <= DAMAGED_START_SECONDS)
        self.wiped_copy(aside)
        ms = self.store_bench("salvage", self.state / "store.db", self.state / "keys/store.key", 2 * 2**30)
        name, value, promised, held = commit_row("a damaged store is carried over", ms["salvaging-p99"], 0)
        yield name, value, promised, held and ms["carried"] > 0
        shutil.rmtree(self.state)
        aside.rename(self.state)

    def wiped_copy(self, original):
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(original, self.state)
        path = self.state / "store.db"
        pages = random.Random(1).sample(range(2, path.stat().st_size // PAGE_BYTES), WIPED_PAGES)
        with open(path, "r+b") as file:
            for page in (0, *pages):
                file.seek(page * PAGE_BYTES)
                file.write(bytes(PAGE_BYTES))

    def start_time(self):
        begin = time.monotonic()
        daemon = self.start_hub()
        seconds = time.monotonic() - begin
        daemon.stop()
        return "start to ready, a million rows waiting", f"{seconds:.2f} s", f"<= {START_SECONDS} s", seconds <= START_SECONDS

    def drain(self):
        self.start_broker()
        live = LiveReadings(self.subscribe(root="vitalgate/v1/+/readings/#"))
        counter = self.start("count_batches", [sys.executable, __file__, self.port, MILLION],
                             env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        counter.wait_line("subscribed")
        self.start_simulator(LIVE)
        daemon = self.start_hub()
        first, early, last, readings = map(float, counter.wait_line("counted", limit=300).split()[1:])
        rate = (readings - early) / (last - first)
        peak = peak_memory(daemon.process.pid)
        offered = {entry["hex"].lower(): harness.seconds_of(entry["t"]) for entry in self.ledger("offered")}
        delays = [came - offered[value] for value, came in live.came.items() if first < came < last]
        # What the window has no place for in time joins the backlog, and comes in a batch.
        late = [value for value, at in offered.items() if first < at < last - LIVE_DELAY_SECONDS and value not in live.came]
        yield "a million readings, broker on loopback", f"{rate:,.0f}/s", f">= {DRAIN_PER_SECOND:,}/s", rate >= DRAIN_PER_SECOND
        yield "  resident memory at its highest", f"{peak:.1f} MB", f"<= {DRAIN_MEMORY_MB} MB", peak <= DRAIN_MEMORY_MB
        yield (f"  delay of {len(delays)} live readings meanwhile, longest", f"{max(delays):.2f} s", f"<= {LIVE_DELAY_SECONDS} s",
               len(delays) >= 3 and max(delays) <= LIVE_DELAY_SECONDS)
        yield "  live readings that came behind the backlog", f"{len(late)}", "0", not late
        yield "  the same, median", f"{statistics.median(delays):.2f} s", "", True


def commit_row(load, milliseconds, alone):
    delay = milliseconds - alone
    return (f"delay of a commit while {load}, 99 of 100", f"{delay:.2f} ms", f"<= {COMMIT_DELAY_MS} ms", delay <= COMMIT_DELAY_MS)


def peak_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


if __name__ == "__main__":
    count_batches(int(sys.argv[1]), int(sys.argv[2]))
