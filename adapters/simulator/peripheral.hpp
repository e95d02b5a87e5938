#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "adapters/simulator/device.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::simulator {

/// One virtual health device on a real controller, served by a real BlueZ (5.66) as an LE
/// peripheral. All on the loop's thread.
class Peripheral {
  public:
    struct Options {
        std::string bus;                 ///< address, "session" or "system"
        std::string adapter;             ///< name of the controller: "hci1"
        std::ostream* ledger = nullptr;  ///< must outlive it; null: none is written
        double speed = 1;                ///< how much faster the device lives; BlueZ keeps its pace
    };

    /// `seed` is the scenario's; `clock` must outlive it.
    Peripheral(DeviceSettings device, std::uint64_t seed, Options options, Clock& clock, Log log);
    ~Peripheral();
    Peripheral(const Peripheral&) = delete;
    Peripheral& operator=(const Peripheral&) = delete;

    /// Waits at most 20 s for BlueZ and the controller, powers it on, and registers everything.
    /// Then `serving` runs with the controller's address, and the device begins to live; it runs
    /// again each time that BlueZ or the controller was away and came back. When they do not come
    /// within 20 s, BlueZ refuses, or the bus goes, `ended` runs once, and nothing follows.
    void start(std::function<void(const std::string& address)> serving,
               std::function<void(const Error& why)> ended);
    /// Ends the link and takes everything back; `done` runs once, after at most 10 s.
    void stop(std::function<void()> done);

    [[nodiscard]] Device& device() const;
    [[nodiscard]] bool isLedgerComplete() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vitalgate::simulator
