#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/bluez/adapter_unit.hpp"
#include "adapters/bluez/admission.hpp"
#include "adapters/bluez/bluez_adapter.hpp"
#include "adapters/bluez/device_commands.hpp"
#include "adapters/bluez/device_pairing.hpp"
#include "adapters/bluez/event_writer.hpp"
#include "adapters/bluez/expectation.hpp"
#include "adapters/bluez/flood_mute.hpp"
#include "adapters/bluez/link.hpp"
#include "adapters/bluez/pairing.hpp"
#include "adapters/bluez/pairing_outcome.hpp"
#include "adapters/bluez/presence.hpp"
#include "adapters/bluez/profile_registration.hpp"
#include "adapters/bluez/reception.hpp"
#include "adapters/bluez/recollection.hpp"
#include "adapters/bluez/service.hpp"
#include "adapters/bluez/sighting_limit.hpp"
#include "adapters/bluez/supervisor.hpp"
#include "adapters/session/session.hpp"

namespace vitalgate::bluez {

/// The inside of BluezAdapter. Shared, because conversations that are ending hold it.
class Core final : public Service::Listener, public std::enable_shared_from_this<Core> {
  public:
    static constexpr Duration kTick = std::chrono::seconds{5};
    /// Conversations that have not ended by then are left behind.
    static constexpr Duration kStopLimit = std::chrono::milliseconds{1800};
    /// So long a stop waits for devices to be disconnected: within kStopLimit, with time for a
    /// commit.
    static constexpr Duration kDrainLimit = std::chrono::milliseconds{1500};
    /// After such a gap an advertisement counts as the device's first.
    static constexpr Duration kAdvertisingGap = std::chrono::seconds{5};
    static constexpr Duration kLongestPause = std::chrono::minutes{1};
    /// Refused pairings are told once in so long, with their number.
    static constexpr Duration kRefusalsTold = std::chrono::minutes{1};
    /// A bonded device that so often in a row leaves before it said anything has lost its bond.
    static constexpr int kEarlyEnds = 3;
    static constexpr Duration kEarly = std::chrono::seconds{5};
    /// What comes of a pairing is told again only so often while it stays the same.
    static constexpr Duration kPairingToldAgain = std::chrono::hours{1};

    /// So long a command waits for a device that is away.
    static constexpr Duration kLongestWait = std::chrono::seconds{570};

    Core(BluezOptions options, Sink& sink, Clock& clock, Log log);

    void start();
    void stop(std::function<void()> done);
    /// Lets go of the bus at once; conversations are not awaited.
    void abandon();
    /// Runs one command; `core` lives until it has ended. See BluezAdapter.
    static asio::awaitable<v1::CommandResult> execute(std::shared_ptr<Core> core,
                                                      v1::Command command);
    [[nodiscard]] std::vector<v1::DeviceDescriptor> devices() const;
    [[nodiscard]] std::vector<v1::Adapter> adapters() const;
    [[nodiscard]] std::vector<v1::Problem> problems() const { return problems_; }
    [[nodiscard]] UnsettledValues unsettled() const;

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
        bool isHungUp = false;
    };

    /// A device that is served.
    struct Device {
        Device(const DeviceSettings& from, bool plainIdentifiers, SteadyTime now);

        DeviceSettings settings;
        Presence presence;
        Reception reception;
        v1::DeviceDescriptor descriptor;  ///< what conversations have found out
        std::shared_ptr<DevicePairing> bond;
        Expectation expectation;
        FloodMute flood;
        v1::Availability availability = v1::AVAILABILITY_UNSPECIFIED;
        WallTime availableSince;
        std::string toldReason;  ///< of the availability, as last described
        v1::PairingState pairing = v1::PAIRING_UNSPECIFIED;
        std::optional<PairingOutcome> outcome;  ///< of the last pairing that came to an end
        SteadyTime outcomeTold;
        std::string adapter;
        std::optional<int> rssiDbm;
        std::string told;         ///< of the conversation's findings, what was last described
        bool isExplored = false;  ///< a conversation came so far that its commands are known
        SteadyTime seen;
        SteadyTime advertisesSince;
        SteadyTime quietUntil;
        SteadyTime leftAlone;  ///< until then, as last logged
        std::string servedBy;  ///< path of the adapter of the last conversation
        SteadyTime endedAt;    ///< of that
        int failedTalks = 0;   ///< in a row
        int earlyEnds = 0;
        std::shared_ptr<Conversation> conversation;
    };

    // core.cpp: what BlueZ tells
    void onReady() override;
    void onGone() override;
    void onChange(const Change& change) override;
    [[nodiscard]] bool isOurs(const BluetoothAddress& address) const override {
        return admission_.isAdmitted(address);
    }
    void onAdapterChange(const Change& change);
    void onDeviceChange(const Change& change);
    [[nodiscard]] bool isOneTooMany(const Change& change);
    void addAdapter(const std::string& path);
    void removeAdapter(const std::string& path);
    void excuseDevices(const std::string& adapter);
    [[nodiscard]] bool isWanted(const AdapterView& adapter) const;
    void onSighting(const DeviceView& view);
    void onConnected(const DeviceView& view);
    [[nodiscard]] SteadyTime leftAloneUntil(const Device& device, const DeviceView& view) const;
    void onDisconnected(const DeviceView& view);
    void onFailed(const std::string& adapter, BluetoothAddress address, const Error& error);
    void seek(Device& device, const DeviceView& view);
    [[nodiscard]] std::string bondHolder(BluetoothAddress address) const;
    Device* admit(const DeviceView& view, bool advertises);
    Device& known(const DeviceSettings& settings);
    void tick();
    void finishStop();
    void finishStopWhenIdle();
    /// One that has not ended yet.
    struct RunningCommand {
        explicit RunningCommand(Core& core) : core_(core) { ++core_.commands_; }
        ~RunningCommand() {
            --core_.commands_;
            core_.finishStopWhenIdle();
        }
        RunningCommand(const RunningCommand&) = delete;
        RunningCommand& operator=(const RunningCommand&) = delete;

      private:
        Core& core_;
    };

    // supervision.cpp: whether all that is needed is there and works, and what is done if not
    /// What has gone and is awaited.
    struct Lost {
        std::string what;
        std::string adapter;  ///< name; empty if it is none
        SteadyTime since;
    };
    void supervise();
    void act(AdapterUnit& unit, const Supervisor::Action& action);
    void lose(const std::string& key, const std::string& adapter, const std::string& text);
    void find(const std::string& key, const std::string& text);
    void reportSupervision(const std::string& what, const Supervisor::Action& action,
                           v1::Severity severity, const std::string& text);
    [[nodiscard]] Supervisor& supervisorOf(const AdapterView& adapter);
    [[nodiscard]] bool worksElsewhere(const AdapterUnit& unit) const;

    // conversation.cpp
    void begin(Device& device, const DeviceView& view);
    void onEnded(const std::shared_ptr<Conversation>& talk, const Status& status);
    void afterEnd(Device& device, const Conversation& talk);
    void hangUpWhileClosed();
    void hangUp(const std::shared_ptr<Conversation>& talk);
    void drainConversations();
    [[nodiscard]] Duration pauseAfter(Device& device, const Conversation& talk) const;
    void judgeBond(Device& device, const Conversation& talk);
    void endLink(const std::string& device, v1::DisconnectReason reason, const std::string& why);
    void endAll(v1::DisconnectReason reason, const std::string& why, std::string_view below);
    [[nodiscard]] BluezLink::Peer peerOf(const Device& device, const DeviceView& view);
    void onPairing(BluetoothAddress address, PairingOutcome outcome);
    [[nodiscard]] bool isKnown(const Device& device, PairingOutcome outcome) const;
    /// Of one device, or of all strangers together.
    struct Refusals {
        std::optional<SteadyTime> told;
        std::uint32_t untold = 0;
    };
    [[nodiscard]] std::optional<PasskeySource> expectedPasskey(const std::string& path) const;
    void prepareConnect(const DeviceView& view, std::function<void()> connect);
    void onPairingRefused(const std::string& device);

    // device_commands.cpp
    asio::awaitable<v1::CommandResult> runCommand(v1::Command command);
    [[nodiscard]] std::optional<v1::CommandResult> refusalOf(const v1::Command& command) const;
    [[nodiscard]] Duration patienceFor(const v1::Command& command) const;
    [[nodiscard]] const Device* deviceNamed(const std::string& id) const;
    [[nodiscard]] std::shared_ptr<session::Session> sessionOf(const std::string& device) const;

    // memory.cpp: what was before
    void remember(const Device& device);
    void onRemembered(BluetoothAddress address, const Recollection& known);
    void noteReading(Device& device, const Conversation& talk);
    void judgeExpectation(Device& device);
    void judgeFlood(Device& device, const Conversation& talk);
    void checkBond(Device& device, const DeviceView& view);

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
    void addProblemsOf(const Device& device, std::vector<v1::Problem>& found) const;

    BluezOptions options_;
    Sink& sink_;
    Clock& clock_;
    Log log_;
    std::shared_ptr<EventWriter> events_;
    Service service_;
    PairingAgent agent_;
    ProfileRegistration profiles_;
    Admission admission_;
    /// By address: an adapter that comes back under another index is the same.
    std::map<std::string, Supervisor> supervisors_;
    std::map<std::string, Lost> lost_;  ///< adapters by address, "bluez", "bus"
    std::map<std::string, std::unique_ptr<AdapterUnit>> units_;  ///< by path
    std::map<BluetoothAddress, Device> devices_;
    SightingLimit sightings_;                   ///< by path
    std::map<std::string, Refusals> refusals_;  ///< by id; empty: strangers
    std::vector<v1::Problem> problems_;
    std::size_t conversations_ = 0;  ///< that have not ended, also of former connections
    WaitingCommands waiting_;
    std::size_t commands_ = 0;  ///< that have not ended
    Timer tick_;
    Timer drain_;                ///< of a stop
    bool reconnecting_ = false;  ///< to the bus, by our own will
    bool stopping_ = false;
    std::function<void()> stopped_;
};

}  // namespace vitalgate::bluez
