"""Nothing accepted is lost, doubled or out of order while the daemon, the consumer and the broker are killed.

    ledger_test.py [--kills N] [--seed S]      N kills of the daemon instead of a few
                   [--patience S]              with what must reach the consumer in the end

What is demanded stands in ledger_check.py.
"""
import argparse
import contextlib
import subprocess
import sys
import unittest

import ordeal

# What one kill and the start after it take about, and how much longer some take; and how much longer is measured, because a device
# that has records left comes back with its next measurement alone.
KILL_S, SLOW_KILL_S, AFTER_S = 1.0, 2, 6
MOST_KILLS = 100  # of one house


class Kills(ordeal.Ordeal):
    kills = 3

    def moment_s(self, last_s):
        """Mostly an early one; now and then a late one."""
        return last_s * self.chance.random() ** 3

    def kill_daemon(self):
        """At a moment of its life that nobody chose: mostly when it takes values, now and then while it starts or connects."""
        if self.chance.random() < 0.75:
            with contextlib.suppress(AssertionError):  # perhaps nothing is measured any more
                self.daemon.wait_line("values accepted", 2)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.daemon.process.wait(self.moment_s(2))
            self.fail("the daemon ended by itself\n" + self.daemon.output()[-4000:])
        self.kill(self.daemon)
        self.note_committed()

    def kill_all(self, what, one_round, prepare=lambda: None):
        """As often as was asked for."""
        def house(kills):
            prepare()
            kills = min(kills, MOST_KILLS)
            self.start_all(kills * KILL_S + SLOW_KILL_S + AFTER_S)
            for number in self.while_measured(kills, AFTER_S):
                one_round(number)
            self.finish(what)
            return number
        self.in_houses(self.kills, house)

    def kill_broker(self):
        """While messages pass: with its session go those that nobody has yet."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.broker.process.wait(0.2 + self.moment_s(1.3))
            self.fail("the broker ended by itself")
        self.kill(self.broker)
        self.broker = self.start_broker()

    def test_the_daemon_and_the_consumer_are_killed(self):
        def one_round(number):
            self.kill_daemon()
            if number % 3 == 2:
                self.kill(self.consumer)
            self.start_hub(wait=False)
            if number % 3 == 2:
                self.start_consumer()
        self.kill_all("delivery: broker", one_round)

    def test_the_daemon_is_killed_while_a_commit_waits_for_the_disk(self):
        """What waits behind that commit goes, and so none of it may have been called accepted."""
        fault, self.uncommitted_s = self.folder / "disk-fault", 60
        self.environment = {**self.preloading("libdisk_faults.so"), "DISK_FAULTS": str(fault)}
        # The strap measures long enough for a machine on which it is connected late; the others need not.
        self.rates_per_s = {**self.rates_per_s, "meter": 0.25}
        self.start_all(12)
        self.wait_ledger("taken", 1, device="strap")
        fault.write_text("sync-takes 4000")
        taken = sum(entry["device"] == "strap" for entry in self.ledger("taken"))
        self.wait_ledger("taken", taken + 6, device="strap")
        self.kill(self.daemon)
        self.note_committed()
        fault.unlink()
        self.start_hub()
        findings = self.finish("a slow disk")
        self.assertGreater(findings.figures["in memory at a kill"], 0, "what a commit has held up")

    def test_the_broker_is_killed_too_and_what_it_had_acknowledged_is_gone(self):
        """By the broker's word that would be a loss: it takes the service's receipts."""
        def prepare():
            self.uplink += "\ndelivery: receipt\nreceipt-timeout: 1m"
            self.more = ("--receipts", "--gap-after", "2")

        def one_round(number):
            self.kill_broker()
            if number % 3 == 2:
                self.kill(self.consumer)
                self.start_consumer()
            self.kill_daemon()
            self.start_hub(wait=False)
        self.kill_all("delivery: receipt", one_round, prepare)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=Kills.kills)
    parser.add_argument("--seed", type=int, default=Kills.seed)
    parser.add_argument("--patience", type=float, default=Kills.patience_s)
    options, rest = parser.parse_known_args()
    Kills.kills, Kills.seed, Kills.patience_s = options.kills, options.seed, options.patience
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
