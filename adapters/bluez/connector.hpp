#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/dbus/connection.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// What a Connector does to the world, by address: the object of a device may vanish and come back
/// under the same path or another.
class ConnectorActions {
  public:
    virtual ~ConnectorActions() = default;
    /// `done` runs from the loop.
    virtual void pauseDiscovery(std::function<void()> done) = 0;
    virtual void resumeDiscovery() = 0;
    /// Device1.Connect; ErrorKind::notFound if BlueZ does not know the device now.
    virtual void connect(BluetoothAddress address, Duration limit,
                         std::function<void(dbus::Reply)> done) = 0;
    /// Device1.Disconnect, which also ends an attempt.
    virtual void disconnect(BluetoothAddress address) = 0;
    [[nodiscard]] virtual bool isConnected(BluetoothAddress address) const = 0;
    virtual void onFailed(BluetoothAddress address, const Error& error) = 0;
};

/// Makes connections of one adapter, one at a time, with discovery paused. BlueZ's answer to
/// Connect says little (a socket error may read as success, any other as
/// le-connection-abort-by-local), so an attempt succeeds when the device is Connected, and ends by
/// our own timer.
class Connector {
  public:
    /// From the first advertisement to the attempt: many devices are not ready at once.
    static constexpr Duration kAfterDiscovery = std::chrono::seconds{1};
    /// After an aborted attempt, for the disconnect event to come; after a success, for the link.
    static constexpr Duration kAfterReply = std::chrono::seconds{2};
    /// The first attempt's limit, doubled with each failure up to the configured one: nothing else
    /// is heard during an attempt, and others may advertise for a few seconds only.
    static constexpr Duration kFirstLimit = std::chrono::seconds{6};
    static constexpr Duration kFirstPause = std::chrono::seconds{1};
    static constexpr Duration kLongestPause = std::chrono::minutes{1};
    /// A device not heard for so long has perhaps stopped advertising: it is called when it is
    /// heard again, and dropped when that does not happen (BlueZ forgets it after 30 s).
    static constexpr Duration kHeard = std::chrono::seconds{3};
    static constexpr Duration kWaited = std::chrono::seconds{30};
    static constexpr Duration kPauseLimit = std::chrono::seconds{3};

    /// `actions` must outlive it; `limit` is that of the longest attempt.
    Connector(ConnectorActions& actions, Duration limit, Clock& clock, Log log);

    /// The device advertises now, and has done so since then; it is to be connected.
    void want(BluetoothAddress address, SteadyTime since);
    /// It is not to be connected by this adapter; an attempt under way goes on.
    void forget(BluetoothAddress address);
    [[nodiscard]] bool isTrying(BluetoothAddress address) const;
    /// The device's property Connected has changed.
    void onConnected(BluetoothAddress address);
    void onDisconnected(BluetoothAddress address);
    /// How often attempts have failed since the last connection.
    [[nodiscard]] int failures(BluetoothAddress address) const;

  private:
    struct Candidate {
        SteadyTime seen;
        SteadyTime ready;
        bool queued = false;
        int failures = 0;
    };
    enum class Phase { pausing, connecting, answered };
    struct Attempt {
        BluetoothAddress address;
        Phase phase = Phase::pausing;
        std::uint64_t number = 0;
    };

    void step();
    void begin(BluetoothAddress address);
    void connect(std::uint64_t number);
    void onReply(std::uint64_t number, const dbus::Reply& reply);
    void onTimeout(Duration limit);
    void await(const char* what);
    [[nodiscard]] Duration attemptLimit(BluetoothAddress address) const;
    void succeed();
    void giveUp(Error why);
    void finish();

    ConnectorActions& actions_;
    Duration limit_;
    Clock& clock_;
    Log log_;
    std::map<BluetoothAddress, Candidate> candidates_;
    std::optional<Attempt> attempt_;
    std::uint64_t attempts_ = 0;
    Timer next_;
    Timer timeout_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::bluez
