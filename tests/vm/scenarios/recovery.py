"""Bluetooth goes away in every way it can, and comes back without anybody's help."""
import os
import signal

import system
from scenario import HUB_ADAPTER, UNIT, Scenario
from vitalgate.v1 import vocabulary_pb2 as words


def state_of(status, adapter=HUB_ADAPTER):
    return next((each.state for each in status.adapters if each.name == adapter), words.ADAPTER_UNSPECIFIED)


class Recovery(Scenario):
    def setUp(self):
        super().setUp()
        self.subscriber = self.subscribe()
        self.start_hub()
        self.wait_adapter(words.ADAPTER_READY)

    def wait_adapter(self, state):
        name = words.AdapterState.Name(state)
        return self.wait_status(self.subscriber, lambda status: state_of(status) == state, f"{HUB_ADAPTER} as {name}")

    def test_adapter_powered_off_is_switched_on_again(self):
        system.set_powered(HUB_ADAPTER, False)
        system.wait_until(lambda: system.has_adapter(HUB_ADAPTER, Powered=True, Discovering=True),
                          "the adapter on and listening again")
        self.wait_adapter(words.ADAPTER_READY)

    def test_controllers_unplugged_and_plugged_again(self):
        system.unplug_controllers()
        self.wait_status(self.subscriber, lambda status: state_of(status) != words.ADAPTER_READY, "the adapter gone")
        system.plug_controllers()
        self.wait_adapter(words.ADAPTER_READY)
        system.wait_until(lambda: system.has_adapter(HUB_ADAPTER, Discovering=True), "discovery on")

    def test_bluetoothd_killed(self):
        os.kill(system.main_pid("bluetooth"), signal.SIGKILL)
        self.wait_status(self.subscriber, lambda status: status.problems, "a problem")
        system.run("systemctl", "reset-failed", "bluetooth", check=False)
        system.run("systemctl", "start", "bluetooth")
        self.wait_adapter(words.ADAPTER_READY)

    def test_bluetoothd_stopped_and_started(self):
        system.run("systemctl", "stop", "bluetooth")
        self.wait_status(self.subscriber, lambda status: status.problems, "a problem")
        system.run("systemctl", "start", "bluetooth")
        self.wait_adapter(words.ADAPTER_READY)
        system.wait_until(lambda: system.has_adapter(HUB_ADAPTER, Discovering=True), "discovery on")

    def test_bus_restarted(self):
        system.run("systemctl", "restart", "dbus")
        system.wait_until(lambda: system.is_active("bluetooth") or system.run("systemctl", "start", "bluetooth") is None,
                          "bluetoothd back")
        self.wait_adapter(words.ADAPTER_READY)
        self.assertTrue(system.is_active(UNIT))
