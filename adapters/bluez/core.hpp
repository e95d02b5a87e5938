#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/bluez/adapter_unit.hpp"
#include "adapters/bluez/admission.hpp"
#include "adapters/bluez/bluez_adapter.hpp"
#include "adapters/bluez/event_writer.hpp"
#include "adapters/bluez/link.hpp"
#include "adapters/bluez/pairing.hpp"
#include "adapters/bluez/presence.hpp"
#include "adapters/bluez/service.hpp"
#include "adapters/session/session.hpp"

namespace vitalgate::bluez {

/// The inside of BluezAdapter. Shared, because conversations that are ending hold it.
class Core final : public Service::Listener, public std::enable_shared_from_this<Core> {
  public:
    static constexpr Duration kTick = std::chrono::seconds{5};
    /// Conversations that have not ended by then are left behind.
    static constexpr Duration kStopLimit = std::chrono::milliseconds{1800};
    /// After such a gap an advertisement counts as the device's first.
    static constexpr Duration kAdvertisingGap = std::chrono::seconds{5};
    static constexpr Duration kLongestPause = std::chrono::minutes{1};
    /// A bonded device that so often in a row leaves before it said anything has lost its bond.
    static constexpr int kEarlyEnds = 3;
    static constexpr Duration kEarly = std::chrono::seconds{5};

    Core(BluezOptions options, Sink& sink, Clock& clock, Log log);

    void start();
    void stop(std::function<void()> done);
    /// Lets go of the bus at once; conversations are not awaited.
    void abandon();
    [[nodiscard]] std::vector<v1::DeviceDescriptor> devices() const;
    [[nodiscard]] std::vector<v1::Adapter> adapters() const;
    [[nodiscard]] std::vector<v1::Problem> problems() const { return problems_; }

  private:
    /// One connection of one device.
    struct Conversation {
        BluetoothAddress address;
        std::string adapter;
        std::shared_ptr<BluezLink> link;
        std::shared_ptr<session::Session> session;
        SteadyTime since;
        bool bonded = false;
        /// Why the link ended, if it was not the device.
        v1::DisconnectReason reason = v1::DISCONNECT_BY_DEVICE;
    };

    /// A device that is served.
    struct Device {
        explicit Device(const DeviceSettings& from) : settings(from), presence(from.enabled) {}

        DeviceSettings settings;
        Presence presence;
        v1::DeviceDescriptor descriptor;
        v1::Availability availability = v1::AVAILABILITY_UNSPECIFIED;
        WallTime availableSince;
        v1::PairingState pairing = v1::PAIRING_UNSPECIFIED;
        std::string adapter;
        std::optional<int> rssiDbm;
        std::string told;  ///< of the conversation's findings, what was last described
        SteadyTime seen;
        SteadyTime advertisesSince;
        SteadyTime quietUntil;
        int failedTalks = 0;  ///< in a row
        int earlyEnds = 0;
        std::shared_ptr<Conversation> conversation;
    };

    // core.cpp: what BlueZ tells
    void onReady() override;
    void onGone() override;
    void onChange(const Change& change) override;
    void onAdapterChange(const Change& change);
    void onDeviceChange(const Change& change);
    void addAdapter(const std::string& path);
    void removeAdapter(const std::string& path);
    [[nodiscard]] bool isWanted(const AdapterView& adapter) const;
    void onSighting(const DeviceView& view);
    void onConnected(const DeviceView& view);
    void onDisconnected(const DeviceView& view);
    void onFailed(BluetoothAddress address, const Error& error);
    Device* admit(const DeviceView& view, bool advertises);
    Device& known(const DeviceSettings& settings);
    void tick();
    void finishStop();

    // conversation.cpp
    void begin(Device& device, const DeviceView& view);
    void onEnded(const std::shared_ptr<Conversation>& talk, const Status& status);
    void afterEnd(Device& device, const Conversation& talk);
    [[nodiscard]] Duration pauseAfter(Device& device, const Conversation& talk, bool success) const;
    void judgeBond(Device& device, const Conversation& talk);
    void endLink(const std::string& device, v1::DisconnectReason reason, const std::string& why);
    void endAll(v1::DisconnectReason reason, const std::string& why, std::string_view below);
    void onPairing(BluetoothAddress address, v1::PairingState state);
    void onPairingRefused(const std::string& device);

    // report.cpp
    void reportConnection(const Device& device, const Conversation& talk, bool connected);
    void reportDropped(const Device& device, const Conversation& talk);
    void reportLoss(const Device& device, v1::LossReason reason, std::uint64_t count,
                    const std::string& text);
    void updateAvailability(Device& device);
    void describe(Device& device);
    void describeNews(Device& device);
    [[nodiscard]] v1::DeviceDescriptor descriptor(const Device& device) const;
    void refreshProblems();
    [[nodiscard]] std::vector<v1::Problem> findProblems() const;

    BluezOptions options_;
    Sink& sink_;
    Clock& clock_;
    Log log_;
    std::shared_ptr<EventWriter> events_;
    Service service_;
    PairingAgent agent_;
    Admission admission_;
    std::map<std::string, std::unique_ptr<AdapterUnit>> units_;  ///< by path
    std::map<BluetoothAddress, Device> devices_;
    std::vector<v1::Problem> problems_;
    std::size_t conversations_ = 0;  ///< that have not ended, also of former connections
    Timer tick_;
    bool stopping_ = false;
    std::function<void()> stopped_;
};

}  // namespace vitalgate::bluez
