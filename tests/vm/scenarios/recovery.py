"""Bluetooth goes away in every way it can, and readings come again without anybody touching the hub."""
import os
import signal
import time

import system
from scenario import DEVICE, DEVICE_ADAPTER, HUB_ADAPTER, SECOND_HUB_ADAPTER, UNIT, Scenario
from vitalgate.v1 import vocabulary_pb2 as words

STRAP = {"model": "heart-rate", "measure": [{"every": "500ms", "rate": "60..90"}]}


class Recovery(Scenario):
    disturbs_bluetooth = True

    def setUp(self):
        super().setUp()
        self.subscriber = self.subscribe()
        self.simulator = self.start_device(**STRAP)
        self.start_hub(f'{DEVICE}: {{address: "{self.device_address}"}}', adapters=self.adapters())
        self.subscriber.wait_readings(1)

    def tearDown(self):
        told = system.journal(self.since, UNIT)
        self.assertEqual(told.count("uplink care: connected to"), 1, "the uplink was not disturbed")
        self.assert_complete(self.subscriber)

    def adapters(self):
        two = "two_adapters" in self.id()
        return (HUB_ADAPTER, SECOND_HUB_ADAPTER) if two else (HUB_ADAPTER,)

    def wait_adapter(self, *states):
        """The state of the hub's adapter as its retained status says."""
        def is_so(status):
            found = next((each.state for each in status.adapters if each.name == HUB_ADAPTER), words.ADAPTER_GONE)
            return found in states
        return self.wait_status(self.subscriber, is_so, f"{HUB_ADAPTER} as {[words.AdapterState.Name(s) for s in states]}")

    def wait_new_reading(self, adapter=HUB_ADAPTER):
        """One that is received from now on."""
        now = time.time()
        return self.subscriber.wait_records(
            lambda records: next((r.reading for r in records if r.reading.received.time.seconds > now
                                  and r.reading.source.adapter == adapter), None),
            f"a reading through {adapter} after the trouble", limit=90)

    def wait_trouble(self):
        self.wait_status(self.subscriber, lambda status: status.problems, "a problem in the status")

    def test_adapter_powered_off(self):
        system.set_powered(HUB_ADAPTER, False)
        self.wait_new_reading()
        self.wait_adapter(words.ADAPTER_READY)

    def test_controllers_unplugged_and_plugged_again(self):
        system.unplug_controllers()
        self.wait_trouble()
        system.plug_controllers()
        self.wait_new_reading()
        self.wait_adapter(words.ADAPTER_READY)

    def test_bluetoothd_killed(self):
        os.kill(system.main_pid("bluetooth"), signal.SIGKILL)
        self.wait_trouble()
        # Debian's unit does not restart it.
        system.run("systemctl", "reset-failed", "bluetooth", check=False)
        system.run("systemctl", "start", "bluetooth")
        self.wait_new_reading()

    def test_bluetoothd_stopped_and_started(self):
        system.run("systemctl", "stop", "bluetooth")
        self.wait_trouble()
        system.run("systemctl", "start", "bluetooth")
        self.wait_new_reading()

    def test_bluetoothd_hangs_for_a_while(self):
        pid = system.main_pid("bluetooth")
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        measured = len(self.ledger("measured"))
        self.wait_ledger("measured", measured + 10)  # 5 s
        os.kill(pid, signal.SIGCONT)
        self.wait_new_reading()

    def test_bus_restarted(self):
        before = system.main_pid(UNIT)
        system.run("systemctl", "restart", "dbus")
        # The simulated device ends with the bus.
        self.simulator.wait_end()
        system.run("systemctl", "start", "bluetooth")
        system.wait_until(lambda: system.has_adapter(HUB_ADAPTER), "bluetoothd back on the bus")
        self.start_device(**STRAP)
        self.wait_new_reading()
        self.assertEqual(system.main_pid(UNIT), before, "the hub has stayed the same process")

    def test_two_adapters_one_of_which_fails(self):
        first = self.subscriber.wait_readings(1)[0].source.adapter
        other = SECOND_HUB_ADAPTER if first == HUB_ADAPTER else HUB_ADAPTER
        self.wait_status(self.subscriber, lambda status: [each.state for each in status.adapters] ==
                         [words.ADAPTER_READY] * 2, "both adapters ready")
        system.block(first)
        self.addCleanup(system.unblock, first)
        # A radio that is off is missed within seconds; the virtual one's other end would wait for ever.
        system.disconnect(DEVICE_ADAPTER, self.hub_address if first == HUB_ADAPTER
                          else system.adapter_address(SECOND_HUB_ADAPTER))
        self.wait_new_reading(other)
