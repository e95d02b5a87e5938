#include "adapters/bluez/link.hpp"

#include <algorithm>

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

using session::Characteristic;
using session::GattDatabase;
using session::Value;

BluezLink::BluezLink(Service& service, PairingAgent& agent, Peer peer, Clock& clock, Log log)
    : service_(service),
      agent_(agent),
      peer_(std::move(peer)),
      clock_(clock),
      log_(std::move(log)),
      lastAdded_(clock.steady()) {
    noteBond();
}

// ---- what BlueZ tells ----

void BluezLink::onChange(const Change& change) {
    if (change.kind == Change::Kind::changed && change.interface == kGattCharacteristic1) {
        take(change);
        return;
    }
    if (change.kind == Change::Kind::added) lastAdded_ = clock_.steady();
    if (change.path == peer_.path) {
        noteBond();
        judgeBond(change);
    }
    wake();
}

/// Of an object that is gone the last word counts: a BlueZ that ends takes all of them away, and
/// what waits came before.
void BluezLink::noteBond() {
    if (const auto view = deviceView(service_.tree(), peer_.path)) isPaired_ = view->paired;
}

void BluezLink::take(const Change& change) {
    const auto bytes = dbus::property<Bytes>(change.properties, "Value");
    const auto* properties = service_.tree().find(change.path, kGattCharacteristic1);
    if (!bytes || properties == nullptr) return;
    const auto text = dbus::property<std::string>(*properties, "UUID").value_or("");
    const auto uuid = Uuid::parse(text);
    if (!uuid) return;
    Value value{change.path, *uuid, *bytes, clock_.now()};
    if (change.path == reading_) {
        // BlueZ tells a value that was read in the same way; which one it was, the reply shows.
        hold(whileReading_, kMaxEarly, std::move(value));
    } else {
        queue(std::move(value));
    }
}

void BluezLink::queue(Value value) {
    if (end_) {
        ++dropped_;
    } else if (!subscribed_.contains(value.handle)) {
        hold(early_, kMaxEarly, std::move(value));
    } else if (!inbox_.push(std::move(value))) {
        if (dropped_++ == 0) log_.warning("values come faster than they are kept: some are lost");
    }
}

void BluezLink::hold(std::vector<Value>& place, std::size_t limit, Value value) {
    if (place.size() < limit) {
        place.push_back(std::move(value));
    } else if (dropped_++ == 0) {
        log_.warning("values come before anybody asked for them: some are lost");
    }
}

/// The device holds them as delivered, so they are given out although nobody has asked yet.
void BluezLink::releaseEarly() {
    for (auto& value : std::exchange(early_, {})) {
        if (!inbox_.push(std::move(value))) ++dropped_;
    }
}

void BluezLink::wake() {
    if (change_) std::exchange(change_, std::nullopt)->set(std::monostate());
}

void BluezLink::end(Error why) {
    if (end_) return;
    releaseEarly();
    end_ = std::move(why);
    if (isPairingByDevice()) concludeByDevice();
    inbox_.close(*end_);
    if (running_) std::exchange(running_, std::nullopt)->set(std::unexpected(*end_));
    wake();
}

void BluezLink::stop() {
    stopped_ = true;
    end_.reset();
    end(Error{ErrorKind::cancelled, "stopped"});
}

// ---- what the conversation asks ----

bool BluezLink::isResolved() const {
    const auto view = deviceView(service_.tree(), peer_.path);
    return view && view->servicesResolved;
}

bool BluezLink::holds(const std::vector<Uuid>& expected) const {
    const auto database = gattDatabase(service_.tree(), peer_.path);
    if (database.empty() || expected.empty()) return !database.empty();
    return std::ranges::any_of(expected, [&database](const Uuid& uuid) {
        const auto found = std::ranges::find(database, uuid, &session::Service::uuid);
        return found != database.end() && !found->characteristics.empty();
    });
}

asio::awaitable<Result<GattDatabase>> BluezLink::discover(std::vector<Uuid> expected,
                                                          Duration limit) {
    const auto until = clock_.steady() + limit;
    while (!end_) {
        const auto now = clock_.steady();
        const bool complete = isResolved() && holds(expected);
        const auto settled = lastAdded_ + kSettled;
        if (complete && now >= settled) co_return gattDatabase(service_.tree(), peer_.path);
        if (now >= until) break;
        Answer<std::monostate> change;
        change_ = change;
        const auto pause = complete ? std::min(settled, until) - now : until - now;
        auto changed = co_await change.wait(clock_, pause);
        change_.reset();
    }
    if (end_) co_return std::unexpected(*end_);
    auto found = gattDatabase(service_.tree(), peer_.path);
    if (isResolved() && !found.empty()) co_return found;
    co_return fail(ErrorKind::timedOut, "its services were not found within {}",
                   formatDuration(limit));
}

asio::awaitable<Result<dbus::Values>> BluezLink::call(std::string path, std::string interface,
                                                      std::string method, dbus::Values arguments,
                                                      Duration limit) {
    if (end_) co_return std::unexpected(*end_);
    Answer<dbus::Values> answer;
    running_ = answer;
    auto handler = [answer](const dbus::Reply& reply) {
        if (reply) {
            answer.set(*reply);
        } else {
            answer.set(std::unexpected(toError(reply.error())));
        }
    };
    service_.call(path, interface, method, std::move(arguments), limit, handler);
    // The call keeps the limit itself; this wait only has to be longer.
    const auto longer = limit + std::chrono::seconds{1};
    auto result = co_await answer.wait(clock_, longer);
    running_.reset();
    if (result) isNewlyBonded_ = false;
    co_return result;
}

asio::awaitable<Result<Bytes>> BluezLink::read(Characteristic characteristic, Duration limit) {
    reading_ = characteristic.handle;
    dbus::Values arguments;
    arguments.push_back(dbus::variantDict({}));
    auto reply = co_await call(characteristic.handle, kGattCharacteristic1, "ReadValue",
                               std::move(arguments), limit);
    Result<Bytes> result = fail(ErrorKind::malformed, "the reply is not a list of octets");
    if (!reply) {
        result = std::unexpected(reply.error());
    } else if (const auto* bytes = reply->empty() ? nullptr : reply->front().get<Bytes>()) {
        result = *bytes;
    }
    endReading(result);
    co_return result;
}

void BluezLink::endReading(const Result<Bytes>& result) {
    reading_.clear();
    auto held = std::exchange(whileReading_, {});
    const auto own = result ? std::ranges::find(held, *result, &Value::bytes) : held.end();
    if (own != held.end()) held.erase(own);
    for (auto& value : held) queue(std::move(value));
}

asio::awaitable<Status> BluezLink::write(Characteristic characteristic, Bytes value,
                                         Duration limit) {
    const auto* properties = service_.tree().find(characteristic.handle, kGattCharacteristic1);
    std::vector<std::string> flags;
    if (properties != nullptr && properties->contains("Flags"))
        flags = dbus::toTexts(properties->at("Flags"));
    const bool acknowledged = std::ranges::find(flags, "write") != flags.end();
    dbus::Values arguments;
    arguments.emplace_back(std::move(value));
    arguments.push_back(
        dbus::variantDict({{"type", dbus::Value(acknowledged ? "request" : "command")}}));
    auto reply = co_await call(characteristic.handle, kGattCharacteristic1, "WriteValue",
                               std::move(arguments), limit);
    if (!reply) co_return std::unexpected(reply.error());
    co_return Status{};
}

asio::awaitable<Status> BluezLink::subscribe(Characteristic characteristic, Duration limit) {
    subscribed_[characteristic.handle] = true;
    for (auto& value : std::exchange(early_, {})) queue(std::move(value));
    dbus::Values none;
    auto reply = co_await call(characteristic.handle, kGattCharacteristic1, "StartNotify",
                               std::move(none), limit);
    if (reply) co_return Status{};
    // BlueZ has armed it by itself, which it answers with InProgress.
    const auto* properties = service_.tree().find(characteristic.handle, kGattCharacteristic1);
    const bool already =
        properties != nullptr && dbus::property<bool>(*properties, "Notifying").value_or(false);
    if (already && reply.error().kind == ErrorKind::unavailable) co_return Status{};
    subscribed_.erase(characteristic.handle);
    co_return std::unexpected(reply.error());
}

asio::awaitable<Result<Value>> BluezLink::nextValue(Duration limit) {
    if (limit == Duration::zero()) releaseEarly();
    auto value = co_await inbox_.next(clock_, limit);
    if (!value && stopped_) co_return std::unexpected(*end_);
    co_return value;
}

asio::awaitable<Status> BluezLink::disconnect(Duration limit) {
    dbus::Values none;
    auto reply = co_await call(peer_.path, kDevice1, "Disconnect", std::move(none), limit);
    if (!reply) co_return std::unexpected(reply.error());
    co_return Status{};
}

/// What BlueZ said last holds when it has gone: values that came before still wait.
v1::Link BluezLink::security() const {
    if (!isPaired_) return v1::LINK_OPEN;
    return peer_.pairing->isAuthenticated(peer_.adapterKey) ? v1::LINK_AUTHENTICATED
                                                            : v1::LINK_ENCRYPTED;
}

std::string BluezLink::advertisedName() const {
    const auto view = deviceView(service_.tree(), peer_.path);
    return view ? view->name : std::string{};
}

std::optional<int> BluezLink::rssiDbm() const {
    const auto view = deviceView(service_.tree(), peer_.path);
    return view ? view->rssiDbm : std::nullopt;
}

}  // namespace vitalgate::bluez
