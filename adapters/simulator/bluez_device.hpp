#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/simulator/bluez_agents.hpp"
#include "adapters/simulator/bluez_gatt.hpp"
#include "adapters/simulator/bluez_host.hpp"
#include "adapters/simulator/device.hpp"

namespace vitalgate::simulator::bluez {

/// org.bluez.Device1 (and Battery1) of one device on one adapter: what BlueZ knows of it, its link,
/// its bond and its GATT objects. There from the first advertising packet that is heard; goes again
/// when nobody connects.
class DeviceObject final : public GattOwner {
  public:
    /// What it needs of the adapter above it.
    struct Parent {
        std::string path;
        int attenuationDb = 0;
        std::function<bool()> isPowered;
        /// A client's GattProfile1 asks for connections to devices with one of these services.
        std::function<bool(const std::vector<Uuid>&)> connectsByItself;
        /// Nothing has been heard for too long: drop this object. Called from the loop.
        std::function<void(DeviceObject&)> vanished;
    };

    DeviceObject(Host& host, Agents& agents, Device& device, Parent parent);
    ~DeviceObject() override;

    [[nodiscard]] Device& device() const { return device_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool isTemporary() const { return temporary_; }

    /// An advertising packet was heard while discovering.
    void heard(bool duplicateData);
    /// The device advertises, whether anybody discovers or not: a waiting Connect() goes on.
    void advertised();
    /// Nobody discovers any more: what was heard last is not current.
    void discoveryStopped();

    void arrived(const Characteristic& characteristic, const Bytes& value, std::uint64_t number);
    /// The device has ended the link.
    void linkClosed();
    /// Our side ends it: power off, removal. `reason` is for the device.
    void dropLink(std::string_view reason);
    void clientVanished(const std::string& client);

    [[nodiscard]] bool hasLink() const override { return connected_; }
    void exchange(const std::string& client, Operation operation, Done done) override;

  private:
    std::vector<dbus::Interface> interfaces();
    dbus::Interface deviceInterface();
    void addAdvertisedProperties(std::vector<dbus::Property>& out);
    void connect(const dbus::Call& call);
    void disconnect(const dbus::Call& call);
    void pair(const dbus::Call& call);

    void openLink(Done done);
    void tryLink();
    void linkOpened();
    void linkFailed(const dbus::RemoteError& error);
    void keysDoNotFit();
    void resolveServices();
    void servicesResolved();
    void forgetLink();

    void bond(const std::string& client, Done done);
    void securityRequested();
    void askAgent();
    void bondWith(std::optional<std::uint32_t> passkey);
    void bondEnded(std::optional<dbus::RemoteError> error);

    [[nodiscard]] std::vector<Uuid> knownServices() const;
    [[nodiscard]] bool connectsByItself() const;
    [[nodiscard]] std::int16_t signal() const;
    void changed(const std::vector<std::string>& names);
    void restartVanishing();

    Host& host_;
    Agents& agents_;
    Device& device_;
    Parent parent_;
    std::string path_;
    Later later_;
    std::unique_ptr<dbus::ExportedObject> object_;
    std::unique_ptr<GattObjects> gatt_;
    std::string alias_;
    bool temporary_ = true;
    bool trusted_ = false;
    bool blocked_ = false;
    bool connected_ = false;
    bool resolved_ = false;
    bool everResolved_ = false;
    bool bonded_ = false;
    bool autoConnect_ = false;  ///< as the kernel's list has it
    std::int16_t rssi_;
    std::uint64_t link_ = 0;  ///< counts links, so that late answers find their own
    std::vector<Done> opening_;
    bool tries_ = false;  ///< a link is being set up right now
    std::uint32_t aborts_;
    std::vector<Done> bonding_;
    std::string bondingClient_;  ///< empty: the device has begun it
    Timer openLimit_;
    Timer vanish_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for an agent's late answer
};

}  // namespace vitalgate::simulator::bluez
