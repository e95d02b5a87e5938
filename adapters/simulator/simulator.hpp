#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "adapters/simulator/device.hpp"
#include "adapters/simulator/scenario.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::simulator {

/// Virtual health devices behind a stand-in for BlueZ 5.66, on any bus. All on the loop's thread.
class Simulator {
  public:
    struct Options {
        std::string bus;                 ///< address, "session" or "system"
        std::ostream* ledger = nullptr;  ///< must outlive the simulator; null: none is written
        double speed = 1;  ///< how much faster the scenario's devices live; BlueZ keeps its pace
    };

    /// `clock` must outlive it.
    Simulator(Scenario scenario, Options options, Clock& clock, Log log);
    ~Simulator();
    Simulator(const Simulator&) = delete;
    Simulator& operator=(const Simulator&) = delete;

    /// Connects to the bus and puts all objects on it; then asks for the name org.bluez, and starts
    /// the devices when it has it. `ready` runs once, from the loop, with what came of it: it is
    /// ErrorKind::unavailable if there is no bus, ErrorKind::refused if another owns the name.
    void start(std::function<void(Status)> ready);
    /// Runs once if the bus goes away later.
    void onLost(std::function<void()> handler);

    /// For tests: the device of that name; null if there is none.
    [[nodiscard]] Device* device(std::string_view name) const;
    [[nodiscard]] std::size_t deviceCount() const;
    [[nodiscard]] bool isLedgerComplete() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vitalgate::simulator
