#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/app/event_keeper.hpp"
#include "gateway/crypto/identity.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::app {

/// How long an adapter waits for a commit before it is told that intake is unavailable. What was
/// given may still be stored then: a reading that is given again is recognised by its id, an event
/// is not. So it is longer than two commits, the one under way and its own, each of which
/// systemd's watchdog (WatchdogSec of the unit, 30 s) ends together with the process.
inline constexpr Duration kCommitLimit = std::chrono::seconds{65};

struct IntakeOptions {
    std::string hub;
    crypto::SecretKey idKey;
    /// Addresses of the devices that the configuration names: for their keyed hashes.
    std::map<std::string, BluetoothAddress> addresses;
};

/// Where everything that the hub keeps comes in: gives readings and events their ids and priorities
/// and puts them into the store.
class Intake final : public Sink {
  public:
    using Describe = std::function<void(const v1::DeviceDescriptor&)>;

    /// The references must outlive it and every append. `describe` passes descriptors on.
    Intake(IntakeOptions options, store::Store& store, Clock& clock, Random& random,
           Describe describe, Log log);

    asio::awaitable<Result<Accepted>> append(Append what) override;
    [[nodiscard]] bool isOpen() const override { return store_.status().intake == v1::INTAKE_OPEN; }
    void describe(const v1::DeviceDescriptor& descriptor) override;
    asio::awaitable<Result<std::string>> bookmark(std::string device, std::string name) override;

    /// The descriptor with what only the hub knows: its own id and the device's key.
    [[nodiscard]] v1::DeviceDescriptor complete(v1::DeviceDescriptor descriptor) const;

    /// As append(), but without a limit: `done` runs on the loop when the store has answered. So an
    /// error means that nothing was stored, as Store::append says it, and it can be given again.
    void keep(Append what, std::function<void(Status)> done);

    /// An event of the hub itself. `tried`, if given, runs when it is stored, or waits for the
    /// store.
    void record(v1::Event event, std::function<void()> tried = nullptr);

    /// A device's name in the store and upstream that survives a new id in the configuration.
    [[nodiscard]] std::string deviceKey(const std::string& device) const;
    /// The keyed hash that stands for an address wherever it leaves the hub.
    [[nodiscard]] std::string deviceKey(const BluetoothAddress& address) const;

  private:
    struct Prepared {
        std::vector<store::NewRow> rows;
        std::vector<store::BookmarkChange> bookmarks;
    };
    [[nodiscard]] Prepared prepare(Append what);
    [[nodiscard]] crypto::MeasurementId idOf(const MeasurementIdentity& identity);
    [[nodiscard]] store::NewRow rowOf(NewReading made);
    [[nodiscard]] store::NewRow rowOf(NewRefusal refusal);
    [[nodiscard]] store::NewRow rowOf(v1::Event event);

    IntakeOptions options_;
    store::Store& store_;
    Clock& clock_;
    Random& random_;
    Describe describe_;
    std::shared_ptr<EventKeeper> events_;
    /// Readings with neither device time nor record number are told apart by these two: when this
    /// process began, within the boot, and how many came since.
    std::uint64_t began_;
    std::uint64_t arrivals_ = 0;
};

/// Which rows go first when the store is full, and how a reading or event is treated in the lanes.
v1::Priority priorityOf(const v1::Reading& reading);
v1::Priority priorityOf(const v1::Event& event);

}  // namespace vitalgate::app
