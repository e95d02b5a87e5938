#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/bluez/device_pairing.hpp"
#include "adapters/bluez/object_tree.hpp"
#include "adapters/bluez/pairing.hpp"
#include "adapters/bluez/pairing_outcome.hpp"
#include "adapters/bluez/service.hpp"
#include "adapters/session/gatt_link.hpp"
#include "gateway/runtime/answer.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::bluez {

/// A device that BlueZ is connected to. Values come as PropertiesChanged `Value` through the one
/// match that is there before any StartNotify; AcquireNotify is not used: BlueZ 5.66 refuses it for
/// indications, loses values before the reply, and may never answer. What arrives on a
/// characteristic before its subscribe() (BlueZ arms a bonded device's notifications by itself) is
/// held for it.
class BluezLink final : public session::GattLink, public std::enable_shared_from_this<BluezLink> {
  public:
    /// Values that wait for the conversation, and for a subscribe(); what comes above is dropped
    /// and counted.
    static constexpr std::size_t kMaxValues = 1024;
    static constexpr std::size_t kMaxEarly = 256;
    /// The services count as complete when nothing was added for so long.
    static constexpr Duration kSettled = std::chrono::milliseconds{100};

    /// Registering the agent anew takes up to three calls.
    static constexpr Duration kPrepareLimit = 3 * PairingAgent::kRegisterLimit;

    /// The device at the other end.
    struct Peer {
        std::string path;
        std::string adapter;     ///< "hci0"
        std::string adapterKey;  ///< AdapterView::key()
        std::shared_ptr<DevicePairing> pairing;
        std::function<void(PairingOutcome)> told;  ///< what becomes of a pairing
    };

    /// All references must outlive it.
    BluezLink(Service& service, PairingAgent& agent, Peer peer, Clock& clock, Log log);

    // For the adapter: what BlueZ tells about the device and what is below it, and its end.
    void onChange(const Change& change);
    void end(Error why);
    [[nodiscard]] bool hasEnded() const { return end_.has_value(); }
    [[nodiscard]] const std::string& device() const { return peer_.path; }
    [[nodiscard]] std::uint64_t droppedValues() const override { return dropped_; }
    [[nodiscard]] std::size_t waitingValues() const override {
        return inbox_.unread() + early_.size() + whileReading_.size();
    }

    asio::awaitable<Result<session::GattDatabase>> discover(std::vector<Uuid> expected,
                                                            Duration limit) override;
    asio::awaitable<Result<Bytes>> read(session::Characteristic characteristic,
                                        Duration limit) override;
    asio::awaitable<Status> write(session::Characteristic characteristic, Bytes value,
                                  Duration limit) override;
    asio::awaitable<Status> subscribe(session::Characteristic characteristic,
                                      Duration limit) override;
    asio::awaitable<Result<session::Value>> nextValue(Duration limit) override;
    void interrupt() override { inbox_.interrupt(); }
    /// Opens the agent's window for this device. What the policy does not allow, and what must wait
    /// because the passkey was refused, is ErrorKind::refused. A device that BlueZ holds for bonded
    /// although it asks anew has forgotten the hub: ErrorKind::authentication. A device with a
    /// passkey is bonded with it or not at all.
    asio::awaitable<Status> pair(Duration limit) override;
    asio::awaitable<Status> disconnect(Duration limit) override;
    void stop() override;
    [[nodiscard]] v1::Link security() const override;
    [[nodiscard]] std::optional<int> rssiDbm() const override;
    [[nodiscard]] std::string advertisedName() const override;
    [[nodiscard]] std::string adapterName() const override { return peer_.adapter; }

  private:
    asio::awaitable<Result<dbus::Values>> call(std::string path, std::string interface,
                                               std::string method, dbus::Values arguments,
                                               Duration limit);
    [[nodiscard]] bool holds(const std::vector<Uuid>& expected) const;
    [[nodiscard]] bool isResolved() const;
    asio::awaitable<Status> awaitPairing(Duration limit);
    [[nodiscard]] bool isPairingByDevice() const;
    void concludeByDevice();
    [[nodiscard]] Status allowPairing();
    asio::awaitable<Status> prepareAgent();
    asio::awaitable<Result<dbus::Values>> callPair(Duration limit);
    Status concludePairing(const Result<dbus::Values>& reply, PairingAgent::PasskeyUse use);
    [[nodiscard]] PairingOutcome outcomeOf(const Result<dbus::Values>& reply,
                                           PairingAgent::PasskeyUse use) const;
    void noteBond();
    void judgeBond(const Change& change);
    void removeBond();
    void take(const Change& change);
    void queue(session::Value value);
    void hold(std::vector<session::Value>& place, std::size_t limit, session::Value value);
    void endReading(const Result<Bytes>& result);
    void releaseEarly();
    void wake();

    Service& service_;
    PairingAgent& agent_;
    Peer peer_;
    Clock& clock_;
    Log log_;
    std::optional<Error> end_;
    bool stopped_ = false;
    bool isPaired_ = false;       ///< by what BlueZ told last
    bool pairs_ = false;          ///< pair() is under way
    bool isNewlyBonded_ = false;  ///< in this connection, though not by pair()
    SteadyTime lastAdded_;
    std::optional<Answer<std::monostate>> change_;  ///< discover() waits for it
    std::optional<Answer<dbus::Values>> running_;   ///< the call under way
    std::map<std::string, bool> subscribed_;        ///< by handle
    std::vector<session::Value> early_;             ///< of characteristics not yet subscribed
    std::string reading_;                           ///< handle
    std::vector<session::Value> whileReading_;      ///< of that handle
    Inbox<session::Value> inbox_{kMaxValues};
    std::uint64_t dropped_ = 0;
};

}  // namespace vitalgate::bluez
