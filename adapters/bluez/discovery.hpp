#pragma once

#include <functional>
#include <string>
#include <vector>

#include "adapters/bluez/service.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// LE discovery of one adapter: on, but for the pauses in which a connection is made. It never ends
/// silently: what does not start is tried again.
class Discovery {
  public:
    static constexpr Duration kRetry = std::chrono::seconds{5};
    static constexpr Duration kBusyRetry = std::chrono::seconds{1};
    static constexpr int kStopAttempts = 3;

    Discovery(Service& service, std::string adapter, Clock& clock, Log log);

    void resume();
    /// `done` runs once, from the loop, when discovery has stopped or BlueZ will not stop it.
    void pause(std::function<void()> done);
    /// Stops and starts; `newSession`: with all that BlueZ keeps of this client taken back first.
    /// Nothing happens during a pause.
    void restart(bool newSession);
    /// The adapter was switched off meanwhile: BlueZ has forgotten session and filter.
    void reset();
    /// The adapter is off: nothing is tried until it is resumed.
    void suspend();
    /// BlueZ's property Discovering has changed.
    void onDiscovering(bool discovering);
    /// Why it does not run; empty if it does, or is to pause.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// It is to run, and is neither paused nor being started.
    [[nodiscard]] bool isListening() const { return wanted_ && runs_; }
    /// It runs, or is to run and will not: if nothing is heard, something is wrong.
    [[nodiscard]] bool shouldHear() const { return wanted_ && (runs_ || !problem_.empty()); }

  private:
    void step();
    void setFilter();
    void clearFilter();
    void start();
    void stop();
    void settle();
    void call(const char* method, dbus::Values arguments,
              void (Discovery::*then)(const dbus::Reply&));
    void onFilter(const dbus::Reply& reply);
    void onCleared(const dbus::Reply& reply);
    void onStarted(const dbus::Reply& reply);
    void note(const std::string& problem);
    void onBusy();
    void onBusyStopped(const dbus::Reply& reply);
    void onStopped(const dbus::Reply& reply);
    void retry(Duration pause);

    Service& service_;
    std::string adapter_;
    Clock& clock_;
    Log log_;
    bool wanted_ = false;
    bool runs_ = false;
    bool busy_ = false;
    bool filterSet_ = false;
    bool restarting_ = false;  ///< to be stopped although it is wanted
    bool clearing_ = false;    ///< and the filter to be taken back
    int stopAttempts_ = 0;
    std::vector<std::function<void()>> waiting_;
    std::string problem_;
    Timer retry_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::bluez
