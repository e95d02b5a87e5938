#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/connector.hpp"
#include "gateway/uplink/delivery.hpp"
#include "gateway/uplink/published_devices.hpp"
#include "gateway/uplink/receipt_refusals.hpp"
#include "gateway/uplink/retained_messages.hpp"
#include "gateway/uplink/topics.hpp"
#include "vitalgate/v1/device.pb.h"
#include "vitalgate/v1/hub.pb.h"

namespace vitalgate::uplink {

struct UplinkOptions {
    std::string name;  ///< from the configuration; key of its state in the store
    BrokerSettings broker;
    std::size_t window = 100;
    std::size_t batchBytes = 64 * 1024;
    /// None: delivered is what the broker acknowledged. Else: what the service's receipts confirm;
    /// what is not confirmed within this time is sent again.
    std::optional<Duration> receiptLimit;
    bool acceptCommands = true;
    /// Ids of the devices that there are; nothing: not known. What an earlier life of the hub
    /// published of any other is taken from the broker.
    std::optional<std::set<std::string>> devices;
    bool mayAdmit = false;  ///< whether rules may admit others
};

/// A message on the command topic, as it came. Nothing in it is checked but its size.
struct ReceivedCommand {
    std::string payload;    ///< empty if tooLarge
    bool tooLarge = false;  ///< more than 64 KiB
    bool retained = false;  ///< must be refused: whoever subscribes later would get it again
    std::string responseTopic;
    std::string correlation;
    std::optional<std::uint32_t> expirySeconds;
};

/// What to show of an uplink.
struct UplinkState {
    std::string name;
    bool connected = false;
    std::string broker;              ///< "broker.example:8883", the present or the next one
    std::optional<Moment> since;     ///< when it connected
    std::uint64_t connection = 0;    ///< its number in the hub's life
    std::uint64_t waiting = 0;       ///< sequences that the broker has not acknowledged
    std::uint64_t acknowledged = 0;  ///< the cursor: up to here all is delivered
    std::string lastError;           ///< empty while all is well
};

/// One connection of the hub to one care service: brings every row of the store there, says how the
/// hub and its devices are, and takes commands. Works without a broker at any time: nothing of it
/// blocks, and it tries again for ever.
class Uplink {
  public:
    /// Store, clock and random must outlive it. Topics carry hub id and root.
    Uplink(UplinkOptions options, Topics topics, store::Store& store, Clock& clock, Random& random,
           MqttTransportFactory factory, Log log);
    ~Uplink();
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;

    void start();
    /// Publishes the status STOPPED, says goodbye, saves what was acknowledged. `done` at the
    /// latest after `limit`, once; nothing may be called afterwards but the destructor.
    void stop(Duration limit, std::function<void()> done);

    /// The hub's status as the application knows it. The uplink adds hub, connection, the present
    /// moment, the stream's figures and its own problems; publishes at most once a second, and
    /// again every 15 minutes.
    void setStatus(v1::HubStatus status);
    /// Kept, and published on every connection. A change of battery, signal or the time stamp alone
    /// goes out at most once a minute.
    void setDescriptor(v1::DeviceDescriptor descriptor);
    /// On the loop, for every message on the command topic.
    void onCommand(std::function<void(ReceivedCommand)> handler) { command_ = std::move(handler); }
    /// What the service should know of: refused receipts. Whoever takes the event gives it an id
    /// and a time.
    void onEvent(std::function<void(v1::Event)> handler) { event_ = std::move(handler); }
    /// Sends these sequences once more, marked as replayed, as far as they are held.
    void sendAgain(const store::RangeSet& ranges, const std::string& commandId) {
        delivery_.sendAgain(ranges, commandId);
    }
    /// What stands below "results/" in a response topic; ErrorKind::refused for any other topic.
    [[nodiscard]] Result<std::string> resultSuffix(std::string_view responseTopic) const {
        return topics_.resultSuffix(responseTopic);
    }
    /// Where the results of a command go, and with which correlation data; before they are stored.
    void routeResult(const std::string& commandId, std::string suffix, std::string correlation) {
        delivery_.routeResult(commandId, std::move(suffix), std::move(correlation));
    }

    /// Tell every uplink of each commit: Store::onCommitted has one listener.
    void committed(std::uint64_t newest);

    [[nodiscard]] UplinkState state() const;
    /// Adds to a status what only this uplink knows: hub, connection, the present moment, what was
    /// delivered, and its own problems.
    void complete(v1::HubStatus& status) const;
    /// Adds what is wrong with this uplink to a status.
    void addProblems(v1::HubStatus& status) const;

  private:
    struct Descriptor {
        v1::DeviceDescriptor latest;
        std::string essence;  ///< what was published, without what changes all the time
        SteadyTime published;
        Timer later;
    };

    [[nodiscard]] ConnectorEvents connectorEvents();
    void prepareWill(std::function<void(Result<std::optional<MqttMessage>>)> begin);
    [[nodiscard]] MqttMessage will() const;
    void onConnected(const MqttConnected& connection);
    void onEnded();
    void onAcknowledged(std::uint64_t number, int reason);
    void onReceived(MqttMessage message);
    void onCommandReceived(MqttMessage message);
    void onReceiptReceived(const MqttMessage& message);
    void subscribeNext();
    void onSubscribed(const Status& status);
    void subscribeAgain();
    void publishStatus();
    void scheduleStatus();
    [[nodiscard]] v1::HubStatus fullStatus(v1::HubState state) const;
    void publishDescriptor(Descriptor& descriptor);
    void removeOtherDescriptors();
    void removeDescriptor(const std::string& device);
    void onRetained(const std::string& topic, int reason);
    void setRetained(MqttMessage message);
    void pumpRetained();
    void finishStop();

    UplinkOptions options_;
    Topics topics_;
    store::Store& store_;
    Clock& clock_;
    Log log_;
    Delivery delivery_;
    RetainedMessages retained_;
    bool isTurnOfRows_ = false;  ///< the latest message was a retained one
    PublishedDevices published_;
    ReceiptRefusals receiptRefusals_;
    std::function<void(ReceivedCommand)> command_;
    std::function<void(v1::Event)> event_;

    std::uint64_t connection_ = 0;
    bool connectionUsed_ = true;             ///< whether a connection was made with that number
    std::deque<std::string> subscriptions_;  ///< still to be made; the first is under way
    std::set<std::string> unreadable_;       ///< topics that the broker does not let the hub read
    Timer subscribeTimer_;
    std::optional<v1::HubStatus> status_;
    std::optional<SteadyTime> statusPublished_;
    Timer statusTimer_;
    std::map<std::string, Descriptor> descriptors_;

    bool stopping_ = false;
    Duration stopLimit_{};
    std::function<void()> stopped_;
    Timer stopTimer_;
    std::optional<WallTime> problemSince_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    Connector connector_;
};

}  // namespace vitalgate::uplink
