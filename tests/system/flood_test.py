"""One device sends ten thousand notifications a second: each is stored or counted, and the others are served as ever.

A few seconds of it, with generous limits; with VITALGATE_SOAK=1 a minute and the figures that are promised, which only an
optimised build can keep.
"""
import collections
import os
import pathlib
import re
import statistics
import time
import unittest

import ledger_check
import ordeal
from vitalgate.v1 import vocabulary_pb2

IS_SOAK = os.environ.get("VITALGATE_SOAK") == "1"
# A device that is too fast for a minute is sent away; in the soak that happens.
FLOOD_S = 70 if IS_SOAK else 4
OTHERS_S = min(FLOOD_S + 5, 56)
TRACKS = 10 if IS_SOAK else 4  # each one value a millisecond
# Two processors, which all programs share, bring some 8,800 of the 10,000. Sanitized, and with others beside them, they bring what they
# can: a flood is more than the 50 a second at which values begin to wait.
LEAST_PER_S = 8000 if IS_SOAK else 100
MOST_DELAY_S = 0.25 if IS_SOAK else 5
MOST_MEMORY_MIB = 64 if IS_SOAK else 1000
FLOODER = """
  flooder:
    model: heart-rate
    address: "F0:13:C3:10:00:99"
    memory: 10
    advertise: {{when: always, every: 100ms}}
    disconnect: {{when-done: 1s}}
    measure:
"""
TRACK = "      - {{at: 6@00ms, every: 1ms, times: {flooder}, rate: 55..95, interval: 300..60000}}\n"
OTHERS = ordeal.cuff_and_thermometer("400ms", "400ms", "300ms", at="200ms") + "bluez: {{answer-after: 0ms}}\n"


class Flood(ordeal.Ordeal):
    scenario = ordeal.scenario(FLOODER + "".join(TRACK.replace("@", str(track)) for track in range(TRACKS)) + OTHERS)
    configured = ('flooder: {address: "F0:13:C3:10:00:99"}\n'
                  + "\n".join(line for line in ordeal.CONFIGURATION.splitlines() if line.startswith(("cuff", "thermo"))))
    stored = 0
    log_level = "info"  # a line for each value would be a burden
    # The others end before the flood does.
    rates_per_s = {"cuff": 2.5, "thermometer": 3, "flooder": 1000 * FLOOD_S / OTHERS_S}
    devices = {"flooder": ledger_check.Device(), "cuff": ordeal.DEVICES["cuff"],
               "thermometer": ordeal.DEVICES["thermometer"]}

    def most_memory_mib(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024

    def delays_s(self, entries):
        """From the device to the service, of each reading of another device while the flood lasts."""
        offered = [entry for entry in entries if entry["what"] == "offered"]
        begin_s, end_s = (ledger_check.seconds(entry["t"]) for entry in (offered[0], offered[-1]))
        offered_s = collections.defaultdict(list)  # by payload: a device may measure the same again
        for entry in offered:
            if entry["device"] != "flooder":
                offered_s[entry["hex"].lower()].append(ledger_check.seconds(entry["t"]))
        to_wall_s = time.time() - time.monotonic()

        def all_arrived(messages):
            arrived_s = collections.defaultdict(dict)
            for message in messages:
                for record in self.service.records_of([message]):
                    for part in record.reading.source.raw:
                        arrived_s[part.value.hex()].setdefault(record.reading.id, message.timestamp + to_wall_s)
            return arrived_s if all(len(arrived_s[value]) == len(times) for value, times in offered_s.items()) else None
        arrived_s = self.service.messages.wait(all_arrived, "what other devices have measured")
        return [to_s - from_s for value, times in offered_s.items() for from_s, to_s in zip(times, arrived_s[value].values())
                if begin_s < from_s < end_s]

    def dropped(self):
        """As the hub has counted them, when the device's connection has ended."""
        return sum(event.loss.count for event in self.events_of("loss")
                   if event.device == "flooder" and event.loss.reason == vocabulary_pb2.LOSS_FLOOD)

    def wait_given(self):
        self.wait_consumer(self.dropped, "the count of what was dropped")

    def wait_measured(self):
        pass  # the count of what was dropped comes last

    def test_every_value_is_stored_or_counted(self):
        self.service = self.subscribe()
        self.start_all(OTHERS_S)
        self.wait_given()
        memory_mib = self.most_memory_mib()
        findings = self.finish("flood")

        entries = self.ledger()
        offered = [entry for entry in entries if entry["what"] == "offered" and entry["device"] == "flooder"]
        lasted_s = ledger_check.seconds(offered[-1]["t"]) - ledger_check.seconds(offered[0]["t"])
        stored, dropped = len(offered) - len(findings.lost), self.dropped()
        delays_s = self.delays_s(entries)
        print(f"flood: {len(offered)} values in {lasted_s:.1f} s ({len(offered) / lasted_s:.0f}/s), {stored} stored, {dropped} "
              f"dropped; others: median {statistics.median(delays_s) * 1000:.0f} ms, most {max(delays_s) * 1000:.0f} ms of "
              f"{len(delays_s)}; memory at most {memory_mib:.0f} MiB", flush=True)
        self.assertEqual({one.device for one in findings.lost}, {"flooder"})
        self.assertEqual(len(offered), stored + dropped)
        self.assertGreater(len(offered) / lasted_s, LEAST_PER_S)
        self.assertGreater(len(delays_s), 20)
        self.assertLess(statistics.median(delays_s), MOST_DELAY_S)
        self.assertLess(memory_mib, MOST_MEMORY_MIB)


if __name__ == "__main__":
    unittest.main()
