#include "gateway/uplink/uplink.hpp"

#include <algorithm>
#include <utility>

#include "gateway/base/failpoint.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/uplink/outgoing.hpp"
#include "gateway/uplink/publish_verdict.hpp"

namespace vitalgate::uplink {
namespace {

constexpr Duration kStatusInterval = std::chrono::seconds{1};
constexpr Duration kStatusRefresh = std::chrono::minutes{15};
constexpr Duration kSubscribeInterval = std::chrono::minutes{5};
constexpr Duration kDescriptorInterval = std::chrono::minutes{1};
constexpr std::size_t kMaximumCommandBytes = 64 * 1024;

/// The descriptor without the fields that change all the time.
std::string essenceOf(v1::DeviceDescriptor descriptor) {
    descriptor.clear_updated();
    descriptor.clear_rssi_dbm();
    descriptor.clear_battery_percent();
    return descriptor.SerializeAsString();
}

void addProblem(v1::HubStatus& status, std::string code, std::string text,
                std::optional<WallTime> since) {
    auto& problem = *status.add_problems();
    problem.set_code(std::move(code));
    problem.set_text(std::move(text));
    problem.set_severity(v1::SEVERITY_WARNING);
    if (since) toTimestamp(*since, *problem.mutable_since());
}

}  // namespace

Uplink::Uplink(UplinkOptions options, Topics topics, store::Store& store, Clock& clock,
               Random& random, MqttTransportFactory factory, Log log)
    : options_(std::move(options)),
      topics_(std::move(topics)),
      store_(store),
      clock_(clock),
      log_(std::move(log)),
      delivery_({options_.name, options_.window, options_.batchBytes, options_.receiptLimit},
                topics_, store, clock, random, log_),
      retained_(topics_.status()),
      published_(options_.name, store, log_),
      receiptRefusals_(options_.name, clock,
                       [this](v1::Event event) {
                           log_.warning("{}", event.text());
                           if (event_) event_(std::move(event));
                       }),
      connector_(options_.broker, std::move(factory), clock, random, log_) {
    delivery_.onReconnectWanted([this](Error why) { connector_.reconnect(std::move(why)); });
    delivery_.onReceiptRefused(
        [this](std::string why) { receiptRefusals_.refused(std::move(why)); });
    delivery_.onUnconfirmed([this] { scheduleStatus(); });
}

Uplink::~Uplink() = default;

void Uplink::start() {
    delivery_.load([this](const Status& status) {
        if (stopping_) return;
        // Without the sets everything is sent again: duplicates, but no loss.
        if (!status) log_.error("{}", status.error().message);
        connector_.start(connectorEvents());
    });
    removeOtherDescriptors();
}

/// What a rule has admitted is not known before it comes again: it stays as long as there are
/// rules.
void Uplink::removeOtherDescriptors() {
    if (!options_.devices) return;
    published_.load([this](const PublishedDevices::Devices& devices) {
        if (stopping_) return;
        for (const auto& [device, right] : devices) {
            const bool mayCome = options_.mayAdmit && right == PublishedDevices::Right::admitted;
            const bool isThere =
                options_.devices->contains(device) || descriptors_.contains(device);
            if (!isThere && !mayCome) removeDescriptor(device);
        }
    });
}

ConnectorEvents Uplink::connectorEvents() {
    ConnectorEvents events;
    events.prepareWill = [this](auto begin) { prepareWill(std::move(begin)); };
    events.connected = [this](const MqttConnected& connection) { onConnected(connection); };
    events.lost = [this](const Error&) { onEnded(); };
    events.failed = events.lost;
    events.acknowledged = [this](std::uint64_t number, int reason) {
        onAcknowledged(number, reason);
    };
    events.subscribed = [this](const Status& status) { onSubscribed(status); };
    events.received = [this](MqttMessage message) { onReceived(std::move(message)); };
    return events;
}

/// The will carries the number of the connection it belongs to, so that a late one is recognised.
/// An attempt that failed has used no number: the next one takes it.
void Uplink::prepareWill(std::function<void(Result<std::optional<MqttMessage>>)> begin) {
    if (!connectionUsed_) return begin(will());
    failpoint("uplink.count-connection");
    store_.countConnection(
        options_.name, [this, alive = std::weak_ptr(alive_), begin](Result<std::uint64_t> number) {
            if (alive.expired()) return;
            if (!number) {
                begin(failIn("count the connections", number));
                return;
            }
            connection_ = *number;
            connectionUsed_ = false;
            failpoint("uplink.connect");
            begin(will());
        });
}

MqttMessage Uplink::will() const {
    v1::HubStatus lost;
    lost.set_hub(topics_.hub());
    lost.set_state(v1::HUB_LOST);
    lost.set_connection(connection_);
    return outgoing(topics_.status(), lost.SerializeAsString(), "HubStatus", true);
}

void Uplink::onConnected(const MqttConnected& connection) {
    failpoint("uplink.connected");
    connectionUsed_ = true;
    problemSince_.reset();
    unreadable_.clear();
    subscriptions_.clear();
    if (options_.acceptCommands) subscriptions_.push_back(topics_.commands());
    if (options_.receiptLimit) subscriptions_.push_back(topics_.receipts());
    subscribeNext();
    retained_.connected();
    statusPublished_.reset();
    isTurnOfRows_ = false;
    delivery_.connected(connection, [this](std::uint64_t number, MqttMessage message) {
        isTurnOfRows_ = false;
        if (connector_.isConnected()) connector_.transport().publish(number, std::move(message));
    });
    publishStatus();
    pumpRetained();
}

/// One after the other: an answer does not say what it is for.
void Uplink::subscribeNext() {
    if (subscriptions_.empty()) return;
    connector_.transport().subscribe({{subscriptions_.front(), false}});
    subscribeTimer_ = clock_.after(kSubscribeInterval, [this] {
        connector_.reconnect(
            {ErrorKind::timedOut,
             fmt::format("the broker has not answered within {} whether the hub "
                         "may read {}",
                         formatDuration(kSubscribeInterval), subscriptions_.front())});
    });
}

void Uplink::onSubscribed(const Status& status) {
    if (subscriptions_.empty()) return;
    subscribeTimer_.cancel();
    const auto topic = std::move(subscriptions_.front());
    subscriptions_.pop_front();
    if (status) {
        if (unreadable_.erase(topic) > 0) scheduleStatus();
        if (topic == topics_.receipts()) delivery_.receiptsReadable();
    } else if (unreadable_.insert(topic).second) {
        log_.warning("{} cannot be read: {}", topic, status.error().message);
        scheduleStatus();
    }
    if (!subscriptions_.empty()) {
        subscribeNext();
    } else if (!unreadable_.empty()) {
        subscribeTimer_ = clock_.after(kSubscribeInterval, [this] { subscribeAgain(); });
    }
}

/// Whoever mends the broker's access rules need not restart the hub.
void Uplink::subscribeAgain() {
    subscriptions_.assign(unreadable_.begin(), unreadable_.end());
    subscribeNext();
}

void Uplink::onEnded() {
    if (!problemSince_) problemSince_ = clock_.wall();
    statusTimer_.cancel();
    subscribeTimer_.cancel();
    retained_.disconnected();
    delivery_.disconnected();
    delivery_.setOthersInFlight(0);
    if (stopping_) finishStop();
}

void Uplink::onAcknowledged(std::uint64_t number, int reason) {
    if (number < RetainedMessages::kFirstNumber) {
        const auto refusals = delivery_.refusals();
        delivery_.acknowledged(number, reason);
        if (delivery_.refusals() != refusals) scheduleStatus();
        pumpRetained();
        return;
    }
    const auto topic = retained_.acknowledged(number);
    if (topic) onRetained(*topic, reason);
    pumpRetained();
    if (stopping_ && retained_.isIdle()) finishStop();
}

void Uplink::onRetained(const std::string& topic, int reason) {
    if (reason >= 0x80) {
        log_.warning("the broker refused {}: {} (0x{:02X}); may the hub write there?", topic,
                     publishReasonText(reason), reason);
        return;
    }
    const auto below = topics_.below(topic).value_or("");
    constexpr std::string_view kDevices = "devices/";
    if (!below.starts_with(kDevices)) return;
    const auto device = below.substr(kDevices.size());
    if (!descriptors_.contains(device)) published_.removed(device);
}

/// A session from before it was forbidden, or a broker of ill will, may send what nobody asked for.
void Uplink::onReceived(MqttMessage message) {
    if (options_.acceptCommands && message.topic == topics_.commands()) {
        onCommandReceived(std::move(message));
    } else if (options_.receiptLimit && message.topic == topics_.receipts()) {
        onReceiptReceived(message);
    }
}

/// A retained one would come again on every connection, long after it was true. With an empty one
/// MQTT takes it away: that is the repair.
void Uplink::onReceiptReceived(const MqttMessage& message) {
    if (message.retained && message.payload.empty()) return;
    if (message.retained) return receiptRefusals_.refused("it is retained");
    delivery_.receipt(message.payload);
}

void Uplink::onCommandReceived(MqttMessage message) {
    if (!command_) return;
    ReceivedCommand command;
    command.retained = message.retained;
    command.tooLarge = message.payload.size() > kMaximumCommandBytes;
    if (!command.tooLarge) command.payload = std::move(message.payload);
    command.responseTopic = std::move(message.responseTopic);
    command.correlation = std::move(message.correlation);
    command.expirySeconds = message.expirySeconds;
    command_(std::move(command));
}

void Uplink::committed(std::uint64_t newest) {
    delivery_.committed(newest);
}

void Uplink::setStatus(v1::HubStatus status) {
    status_ = std::move(status);
    scheduleStatus();
}

void Uplink::scheduleStatus() {
    if (!connector_.isConnected() || stopping_) return;
    const auto due = statusPublished_ ? *statusPublished_ + kStatusInterval : clock_.steady();
    const auto delay = std::max(due - clock_.steady(), Duration::zero());
    statusTimer_ = clock_.after(delay, [this] { publishStatus(); });
}

void Uplink::publishStatus() {
    if (!connector_.isConnected() || stopping_) return;
    statusPublished_ = clock_.steady();
    statusTimer_ = clock_.after(kStatusRefresh, [this] { publishStatus(); });
    const auto status = fullStatus(v1::HUB_ONLINE);
    setRetained(outgoing(topics_.status(), status.SerializeAsString(), "HubStatus", true));
}

v1::HubStatus Uplink::fullStatus(v1::HubState state) const {
    v1::HubStatus status = status_.value_or(v1::HubStatus{});
    if (status.state() == v1::HUB_UNSPECIFIED || state != v1::HUB_ONLINE) status.set_state(state);
    complete(status);
    return status;
}

void Uplink::complete(v1::HubStatus& status) const {
    status.set_hub(topics_.hub());
    status.set_schema(std::string{kSchema});
    status.set_connection(connection_);
    toStamp(clock_.now(), *status.mutable_now());
    const auto store = store_.status();
    status.set_stream(store.stream);
    status.set_oldest_held(store.oldestHeld);
    status.set_newest(store.newest);
    status.set_acknowledged(delivery_.cursor());
    status.set_intake(store.intake);
    status.set_stored_rows(store.rows);
    status.set_stored_bytes(store.bytes);
    status.set_delivery(options_.receiptLimit ? "receipt" : "broker");
    addProblems(status);
}

void Uplink::addProblems(v1::HubStatus& status) const {
    const auto code = [this](std::string_view what) { return fmt::format("uplink-{}", what); };
    if (!connector_.isConnected() && connector_.lastError()) {
        const auto& error = *connector_.lastError();
        addProblem(status,
                   code(error.kind == ErrorKind::authentication ? "refused" : "unreachable"),
                   fmt::format("{}: {}", options_.name, error.message), problemSince_);
    }
    for (const auto& topic : unreadable_) {
        addProblem(status, code(topic == topics_.commands() ? "commands" : "receipts"),
                   fmt::format("{}: the broker does not let the hub read {}", options_.name, topic),
                   std::nullopt);
    }
    if (connector_.isConnected() && delivery_.unconfirmed() > 0) {
        addProblem(status, code("unconfirmed"),
                   fmt::format("{}: {} rows are sent again because no receipt came within {}; does "
                               "the service publish to {}?",
                               options_.name, delivery_.unconfirmed(),
                               formatDuration(*options_.receiptLimit), topics_.receipts()),
                   std::nullopt);
    }
    if (delivery_.heldBack() > 0) {
        addProblem(status, code("row-held-back"),
                   fmt::format("{}: {} rows wait while others go, because the broker ended the "
                               "connection at them; are they too large for it?",
                               options_.name, delivery_.heldBack()),
                   std::nullopt);
    }
    if (connector_.isConnected() && delivery_.refusals() > 0) {
        addProblem(status, code("publish-refused"),
                   fmt::format("{}: the broker refused {} messages, the last one with \"{}\"",
                               options_.name, delivery_.refusals(),
                               publishReasonText(delivery_.lastRefusal())),
                   std::nullopt);
    }
}

void Uplink::setDescriptor(v1::DeviceDescriptor descriptor) {
    const auto device = descriptor.device();
    if (!isIdentifier(device)) {
        log_.error("a device without a valid id has no topic");
        return;
    }
    descriptor.set_hub(topics_.hub());
    auto& entry = descriptors_[device];
    const auto essence = essenceOf(descriptor);
    entry.latest = std::move(descriptor);
    const auto due = entry.published + kDescriptorInterval;
    if (essence != entry.essence || due <= clock_.steady()) {
        publishDescriptor(entry);
    } else {
        entry.later =
            clock_.after(due - clock_.steady(), [this, &entry] { publishDescriptor(entry); });
    }
}

void Uplink::publishDescriptor(Descriptor& descriptor) {
    descriptor.later.cancel();
    descriptor.essence = essenceOf(descriptor.latest);
    descriptor.published = clock_.steady();
    published_.published(descriptor.latest.device(),
                         descriptor.latest.admission() == v1::ADMISSION_RULE
                             ? PublishedDevices::Right::admitted
                             : PublishedDevices::Right::configured);
    setRetained(outgoing(topics_.device(descriptor.latest.device()),
                         descriptor.latest.SerializeAsString(), "DeviceDescriptor", true));
}

void Uplink::removeDescriptor(const std::string& device) {
    MqttMessage removal;
    removal.topic = topics_.device(device);
    removal.retained = true;
    setRetained(std::move(removal));
}

void Uplink::setRetained(MqttMessage message) {
    const auto topic = message.topic;
    if (!retained_.set(std::move(message))) {
        log_.error("{} is not published: there are more than {} devices", topic,
                   RetainedMessages::kMaximumTopics);
    }
    pumpRetained();
}

/// Rows and retained messages that wait take turns: neither would ever leave the other the only
/// place of a small window.
void Uplink::pumpRetained() {
    if (!connector_.isConnected()) return;
    for (;;) {
        if (isTurnOfRows_) delivery_.setOthersInFlight(retained_.inFlight());
        if (!delivery_.hasRoomBeside(retained_.inFlight())) break;
        auto due = retained_.next();
        if (!due) break;
        isTurnOfRows_ = true;
        connector_.transport().publish(due->number, std::move(due->message));
    }
    const bool isReserved = retained_.isDue() && !isTurnOfRows_;
    delivery_.setOthersInFlight(retained_.inFlight() + (isReserved ? 1 : 0));
}

UplinkState Uplink::state() const {
    UplinkState state;
    state.name = options_.name;
    state.connected = connector_.isConnected();
    state.broker = connector_.broker().text();
    state.since = connector_.connectedSince();
    state.connection = connection_;
    state.waiting = delivery_.waiting();
    state.acknowledged = delivery_.cursor();
    if (connector_.lastError()) state.lastError = connector_.lastError()->message;
    return state;
}

void Uplink::stop(Duration limit, std::function<void()> done) {
    stopped_ = std::move(done);
    stopLimit_ = limit;
    statusTimer_.cancel();
    if (!connector_.isConnected()) {
        stopping_ = true;
        finishStop();
        return;
    }
    const auto status = fullStatus(v1::HUB_STOPPED);
    stopping_ = true;
    stopTimer_ = clock_.after(limit / 2, [this] { finishStop(); });
    setRetained(outgoing(topics_.status(), status.SerializeAsString(), "HubStatus", true));
}

/// The last status is out, or will not be: goodbye. The broker sends no will after it.
void Uplink::finishStop() {
    if (!stopped_) return;
    stopTimer_.cancel();
    subscribeTimer_.cancel();
    delivery_.disconnected();
    delivery_.saveNow();
    connector_.stopCleanly(stopLimit_ / 2, std::exchange(stopped_, nullptr));
}

}  // namespace vitalgate::uplink
