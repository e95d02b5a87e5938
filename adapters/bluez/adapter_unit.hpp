#pragma once

#include <functional>
#include <optional>
#include <string>

#include "adapters/bluez/connector.hpp"
#include "adapters/bluez/discovery.hpp"
#include "adapters/bluez/object_tree.hpp"
#include "adapters/bluez/service.hpp"
#include "adapters/bluez/supervisor.hpp"
#include "vitalgate/v1/hub.pb.h"

namespace vitalgate::bluez {

/// One Bluetooth adapter that is there: switched on when it is off, discovering, connecting. It
/// asks BlueZ something every now and then, whose answer, or its lack, the supervisor is told.
class AdapterUnit final : private ConnectorActions {
  public:
    static constexpr Duration kPowerRetry = std::chrono::seconds{10};
    static constexpr Duration kProbeEvery = std::chrono::seconds{30};
    static constexpr Duration kProbeLimit = std::chrono::seconds{10};

    /// Called before a connection is made, which `connect` then does.
    using Prepare = std::function<void(const DeviceView&, std::function<void()> connect)>;

    /// `supervisor` must outlive it; `failed` hears of each connection attempt that came to
    /// nothing.
    AdapterUnit(Service& service, const AdapterView& view, Supervisor& supervisor,
                Duration connectLimit, Clock& clock, Log log,
                std::function<void(BluetoothAddress, const Error&)> failed, Prepare prepare);

    /// Its properties have changed, or it is new.
    void refresh();
    void onChange(const Change& change);
    [[nodiscard]] Connector& connector() { return connector_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// What it is known by wherever it is plugged in: its address, or its name if it tells none.
    [[nodiscard]] const std::string& key() const { return key_; }
    /// The device as this adapter knows it.
    [[nodiscard]] std::optional<DeviceView> find(BluetoothAddress address) const;
    void countAdvertisement();
    [[nodiscard]] bool isPowered() const { return powered_; }
    /// It is on, and discovery runs: silence says something.
    [[nodiscard]] bool isListening() const { return powered_ && discovery_.isListening(); }
    /// Likewise, also if discovery will not start.
    [[nodiscard]] bool shouldHear() const { return powered_ && discovery_.shouldHear(); }
    [[nodiscard]] Supervisor& supervisor() { return supervisor_; }
    /// The steps of the ladder that concern an adapter; others do nothing.
    void take(v1::Step step);

    [[nodiscard]] v1::Adapter describe(std::uint32_t connected) const;
    /// What keeps it from working; empty: nothing.
    [[nodiscard]] std::string problem() const;

  private:
    void powerOn();
    void powerCycle();
    void probe();
    void onPowered(const dbus::Reply& reply);

    void pauseDiscovery(std::function<void()> done) override;
    void resumeDiscovery() override;
    void connect(BluetoothAddress address, Duration limit,
                 std::function<void(dbus::Reply)> done) override;
    void callConnect(const std::string& path, Duration limit,
                     const std::function<void(dbus::Reply)>& done);
    void disconnect(BluetoothAddress address) override;
    [[nodiscard]] bool isConnected(BluetoothAddress address) const override;
    void onFailed(BluetoothAddress address, const Error& error) override {
        failed_(address, error);
    }

    Service& service_;
    Supervisor& supervisor_;
    std::string path_;
    std::string name_;
    std::string key_;
    Clock& clock_;
    Log log_;
    std::function<void(BluetoothAddress, const Error&)> failed_;
    Prepare prepare_;
    bool powered_ = false;
    bool asking_ = false;
    std::string powerProblem_;
    bool blocked_ = false;
    bool toldOff_ = false;
    Timer retry_;
    Timer probe_;
    SteadyTime minute_;
    std::uint32_t thisMinute_ = 0;
    std::uint32_t lastMinute_ = 0;
    Discovery discovery_;
    Connector connector_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::bluez
