"""Nothing accepted is lost, doubled or out of order while the daemon, the consumer and the broker are killed.

    ledger_test.py [--kills N] [--seed S]      N kills of the daemon instead of a few

What is demanded stands in ledger_check.py.
"""
import argparse
import contextlib
import subprocess
import sys
import time
import unittest

import ordeal

# What one kill and the start after it take about, so that there is something to measure until the end.
KILL_S = 1.6


class Kills(ordeal.Ordeal):
    kills = 5

    def kill_daemon(self):
        """At a moment of its life that nobody chose: mostly at work, now and then while it starts."""
        if self.chance.random() < 0.75:
            self.daemon.wait_line("ready in")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.daemon.process.wait(self.chance.uniform(0.01, 2.5))
            self.fail("the daemon ended by itself\n" + self.daemon.output()[-4000:])
        self.kill(self.daemon)
        self.kills_s.append(time.time())
        self.note_committed()

    def kill_broker(self):
        """While messages pass: with its session go those that nobody has yet."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.broker.process.wait(self.chance.uniform(0.2, 1.5))
            self.fail("the broker ended by itself")
        self.kill(self.broker)
        self.broker = self.start_broker()

    def test_the_daemon_and_the_consumer_are_killed(self):
        self.start_all(self.kills * KILL_S)
        for number in range(self.kills):
            self.kill_daemon()
            if number % 3 == 1:
                self.kill(self.consumer)
            self.start_hub(wait=False)
            if number % 3 == 1:
                self.start_consumer()
        self.finish("delivery: broker")

    def test_the_broker_is_killed_too_and_what_it_had_acknowledged_is_gone(self):
        """By the broker's word that would be a loss: it takes the service's receipts."""
        self.uplink += "\ndelivery: receipt\nreceipt-timeout: 1m"
        self.more = ("--receipts", "--gap-after", "2")
        self.start_all(self.kills * KILL_S * 2.5)
        for number in range(self.kills):
            self.kill_broker()
            if number % 3 == 1:
                self.kill(self.consumer)
                self.start_consumer()
            self.kill_daemon()
            self.start_hub(wait=False)
        self.finish("delivery: receipt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=Kills.kills)
    parser.add_argument("--seed", type=int, default=Kills.seed)
    options, rest = parser.parse_known_args()
    Kills.kills, Kills.seed = options.kills, options.seed
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
