#pragma once

#include "tests/bluez/rig.hpp"
#include "tests/support/virtual_clock.hpp"

namespace vitalgate::testing {

/// In virtual time, over a real bus: after each step of time everything that is on its way over the
/// bus arrives, so hours of trouble pass in seconds.
struct House : BasicRig<VirtualClock> {
    static constexpr Duration kStep = std::chrono::milliseconds{250};

    ~House() { (void)stop(); }

    /// How long stopping took, of the time here; the adapter is gone afterwards. Nothing waits for
    /// long outside of this time either, in a library, say.
    Duration stop(Duration step = kStep) {
        if (!adapter) return Duration::zero();
        const auto before = clock.steady();
        const auto really = witnessClock_.steady();
        bool stopped = false;
        adapter->stop([&stopped] { stopped = true; });
        CHECK(passUntil([&stopped] { return stopped; }, std::chrono::seconds{3}, step));
        adapter.reset();
        const auto took = clock.steady() - before;
        CHECK(witnessClock_.steady() - really < std::chrono::seconds{20});
        settle();
        return took;
    }

    void pass(Duration time) {
        (void)passUntil([] { return false; }, time);
    }
    /// False if `time` was not enough.
    template <class Predicate>
    bool passUntil(Predicate predicate, Duration time, Duration step = kStep) {
        const auto end = clock.steady() + time;
        settle();
        while (!predicate()) {
            if (clock.steady() >= end) return false;
            clock.advance(std::min(step, end - clock.steady()));
            settle();
        }
        return true;
    }

    /// What is under way may need several turns: a call, its signals, and what they set off.
    void settle() {
        if (!bus.isRunning()) {
            clock.run();
            return;
        }
        if (!witness_ || !witness_->isOpen())
            witness_ = *dbus::Connection::open(bus.address(), witnessClock_, Log());
        for (int turn = 0; turn < kTurns; ++turn) {
            bool answered = false;
            witness_->call({"org.freedesktop.DBus",
                            "/org/freedesktop/DBus",
                            "org.freedesktop.DBus",
                            "GetId",
                            {}},
                           std::chrono::seconds{5},
                           [&answered](const dbus::Reply&) { answered = true; });
            REQUIRE(runUntil(loop, [&answered] { return answered; }));
            clock.run();
        }
    }

    /// Somebody else on the bus does it: bluetoothctl, say.
    void callAdapter(const std::string& name, const std::string& interface,
                     const std::string& method, dbus::Values arguments) {
        settle();
        witness_->call({"org.bluez", "/org/bluez/" + name, interface, method, std::move(arguments)},
                       std::chrono::seconds{5}, [](const dbus::Reply& reply) { CHECK(reply); });
        settle();
    }
    void setAdapter(const std::string& name, const std::string& property, dbus::Value value) {
        callAdapter(name, "org.freedesktop.DBus.Properties", "Set",
                    {"org.bluez.Adapter1", property, dbus::variantOf(std::move(value))});
    }

    [[nodiscard]] std::vector<v1::Event> supervision() const {
        return sink.eventsOf("", v1::Event::kSupervision);
    }
    /// The steps that were taken, in order.
    [[nodiscard]] std::vector<v1::Step> steps() const {
        std::vector<v1::Step> taken;
        for (const auto& event : supervision()) {
            const auto& each = event.supervision();
            if (!each.recovered() && each.step() != v1::STEP_UNSPECIFIED)
                taken.push_back(each.step());
        }
        return taken;
    }
    [[nodiscard]] bool hasRecovered() const {
        return std::ranges::any_of(
            supervision(), [](const v1::Event& event) { return event.supervision().recovered(); });
    }

  private:
    static constexpr int kTurns = 4;

    SystemClock witnessClock_{loop};
    std::unique_ptr<dbus::Connection> witness_;
};

}  // namespace vitalgate::testing
