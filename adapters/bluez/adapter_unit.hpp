#pragma once

#include <functional>
#include <optional>
#include <string>

#include "adapters/bluez/connector.hpp"
#include "adapters/bluez/discovery.hpp"
#include "adapters/bluez/object_tree.hpp"
#include "adapters/bluez/service.hpp"
#include "vitalgate/v1/hub.pb.h"

namespace vitalgate::bluez {

/// One Bluetooth adapter that is there: switched on when it is off, discovering, connecting.
class AdapterUnit final : private ConnectorActions {
  public:
    static constexpr Duration kPowerRetry = std::chrono::seconds{10};

    /// `failed` hears of each connection attempt that came to nothing.
    AdapterUnit(Service& service, const AdapterView& view, Duration connectLimit, Clock& clock,
                Log log, std::function<void(BluetoothAddress, const Error&)> failed);

    /// Its properties have changed, or it is new.
    void refresh();
    void onChange(const Change& change);
    [[nodiscard]] Connector& connector() { return connector_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    void countAdvertisement();

    [[nodiscard]] v1::Adapter describe(std::uint32_t connected) const;
    /// What keeps it from working; empty: nothing.
    [[nodiscard]] std::string problem() const;

  private:
    void powerOn();
    void onPowered(const dbus::Reply& reply);
    [[nodiscard]] std::optional<DeviceView> find(BluetoothAddress address) const;

    void pauseDiscovery(std::function<void()> done) override;
    void resumeDiscovery() override;
    void connect(BluetoothAddress address, Duration limit,
                 std::function<void(dbus::Reply)> done) override;
    void disconnect(BluetoothAddress address) override;
    [[nodiscard]] bool isConnected(BluetoothAddress address) const override;
    void onFailed(BluetoothAddress address, const Error& error) override {
        failed_(address, error);
    }

    Service& service_;
    std::string path_;
    std::string name_;
    Clock& clock_;
    Log log_;
    std::function<void(BluetoothAddress, const Error&)> failed_;
    bool powered_ = false;
    bool asking_ = false;
    std::string powerProblem_;
    bool blocked_ = false;
    Timer retry_;
    SteadyTime minute_;
    std::uint32_t thisMinute_ = 0;
    std::uint32_t lastMinute_ = 0;
    Discovery discovery_;
    Connector connector_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::bluez
