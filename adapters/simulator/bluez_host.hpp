#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/simulator/scenario.hpp"
#include "gateway/dbus/connection.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::simulator::bluez {

/// Actions that wait for their time, and are dropped with their owner.
class Later {
  public:
    explicit Later(Clock& clock) : clock_(clock) {}
    /// The action may destroy the owner.
    void after(Duration delay, std::function<void()> action);
    void clear() { timers_.clear(); }

  private:
    Clock& clock_;
    std::map<std::uint64_t, Timer> timers_;
    std::uint64_t next_ = 0;
};

/// What all objects of the stand-in share: the bus, its habits, and its faults.
class Host {
  public:
    /// All must outlive this.
    Host(dbus::Connection& connection, Clock& clock, const BluezSettings& settings, Log log);

    /// A method that answers late while calls are frozen.
    dbus::Method method(std::string name, std::string in, std::string out,
                        std::function<void(dbus::Call)> handler);
    /// Puts an object on the bus and announces it. Null, and a line in the log, if that fails.
    std::unique_ptr<dbus::ExportedObject> serve(const std::string& path,
                                                std::vector<dbus::Interface> interfaces);
    /// Takes an object off the bus, with its signal.
    void remove(std::unique_ptr<dbus::ExportedObject>& object);
    void changed(dbus::ExportedObject* object, const std::string& interface,
                 const std::vector<std::string>& names);
    /// The property is not there any more.
    void invalidated(dbus::ExportedObject* object, const std::string& interface,
                     const std::string& name);

    /// The freeze's number, for thaw(). A client that does `cure` ends it too.
    std::uint64_t freeze(Freeze what, Cure cure = Cure::none);
    void thaw(std::uint64_t number);
    /// The kernel scans for a BlueZ before this one, and for nobody else.
    [[nodiscard]] bool isKernelScanning() const;
    /// A client has done so.
    void cured(Cure cure);
    [[nodiscard]] bool isFrozen(Freeze what) const;

    [[nodiscard]] dbus::Connection& connection() const { return connection_; }
    [[nodiscard]] Clock& clock() const { return clock_; }
    [[nodiscard]] const BluezSettings& settings() const { return settings_; }

  private:
    void hold(const dbus::Call& call, const std::function<void(dbus::Call)>& handler);

    dbus::Connection& connection_;
    Clock& clock_;
    const BluezSettings& settings_;
    SteadyTime started_;
    Log log_;
    struct Frozen {
        Freeze what;
        Cure cure;
    };

    std::map<std::uint64_t, Frozen> frozen_;  ///< by number
    std::uint64_t freezes_ = 0;
    /// Objects on the bus, by path; one that is taken off and put on again has another number.
    std::map<std::string, std::uint64_t, std::less<>> served_;
    std::uint64_t nextObject_ = 0;
    std::deque<std::function<void()>> held_;  ///< calls that came while calls are frozen
};

/// A property that only reads.
template <class Get>
dbus::Property property(std::string name, std::string signature, Get get) {
    return {std::move(name), std::move(signature), [get] { return dbus::Value(get()); }, nullptr};
}

}  // namespace vitalgate::simulator::bluez
