#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/bluez/pairing.hpp"
#include "adapters/session/options.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// What the configuration says to this adapter (`bluetooth`, `devices`, `admit`).
struct BluezOptions {
    std::string bus = "system";         ///< or "session", or a bus address
    std::vector<std::string> adapters;  ///< names ("hci0") or addresses; empty: any
    std::vector<DeviceSettings> devices;
    std::vector<AdmissionRule> rules;
    /// The services that a rule's profile word stands for.
    std::map<std::string, std::vector<Uuid>> servicesOfProfile;
    /// What upstream calls a device without a configured id, and DeviceDescriptor.device_key: a
    /// keyed hash of the address.
    std::function<std::string(const BluetoothAddress&)> deviceKey;
    session::SessionOptions session;
    int signalFloorDbm = -95;  ///< a weaker advertisement is no reason to connect
    Duration connectTimeout = std::chrono::seconds{20};
    PairingPolicy pairingPolicy = PairingPolicy::justWorks;
    Duration pairingWindow = std::chrono::minutes{2};
};

/// Bluetooth LE health devices through BlueZ: finds those that are admitted, connects to them, and
/// holds a session::Session with each. Copes with BlueZ, its adapters and the bus going and coming.
///
/// Pairing: a window is opened when a device's conversation asks for a bond, for that device alone,
/// for at most `pairingWindow`, and as the policy allows; there is no other way in. A device with a
/// passkey is paired with it or not at all; that its bond was made so is remembered over restarts.
///
/// A device of which a measurement is expected and that gives none, and one that floods the hub,
/// are told in events.
class BluezAdapter final : public Adapter {
  public:
    /// `sink` and `clock` must outlive the loop's last turn.
    BluezAdapter(BluezOptions options, Sink& sink, Clock& clock, Log log);
    ~BluezAdapter() override;

    void start() override;
    void stop(std::function<void()> done) override;
    /// Within the device's conversation; if there is none it waits for the next, until not_after or
    /// for 9 min 30 s at most, and then fails as unreachable. A conversation that ends before it
    /// had got ready begins no command: those go on waiting. stop() refuses what waits as busy.
    asio::awaitable<v1::CommandResult> execute(v1::Command command) override;
    [[nodiscard]] std::vector<v1::DeviceDescriptor> devices() const override;
    [[nodiscard]] std::vector<v1::Adapter> adapters() const override;
    /// Codes: bus-away, bluez-away, bluez-hangs, adapter-missing, adapter, adapter-silent,
    /// pairing-agent, bond-lost, passkey-refused, values-not-kept, measurement-overdue.
    [[nodiscard]] std::vector<v1::Problem> problems() const override;
    [[nodiscard]] UnsettledValues unsettled() const override;

  private:
    std::shared_ptr<class Core> core_;
};

}  // namespace vitalgate::bluez
