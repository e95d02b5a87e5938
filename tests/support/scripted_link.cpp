#include "tests/support/scripted_link.hpp"

#include <doctest/doctest.h>

namespace vitalgate::testing {

using session::Characteristic;

Reply Reply::after(Duration late) {
    Reply reply;
    reply.late = late;
    return reply;
}
Reply Reply::never() {
    Reply reply;
    reply.missing = true;
    return reply;
}
Reply Reply::refused(ErrorKind kind, std::string message) {
    Reply reply;
    reply.refusal = Error{kind, std::move(message)};
    return reply;
}
Reply Reply::disconnect() {
    Reply reply;
    reply.disconnects = true;
    return reply;
}
Reply Reply::bytes(Bytes value) {
    Reply reply;
    reply.value = std::move(value);
    return reply;
}

void ScriptedLink::addService(std::uint16_t uuid) {
    session::Service service;
    service.uuid = Uuid(uuid);
    database_.push_back(std::move(service));
}

void ScriptedLink::addCharacteristic(std::uint16_t uuid, std::string_view properties, Bytes value) {
    auto& service = database_.back();
    Characteristic added;
    added.uuid = Uuid(uuid);
    added.handle = service.uuid.shortText() + "/" + added.uuid.shortText();
    added.canRead = properties.contains('r');
    added.canWrite = properties.contains('w');
    added.canNotify = properties.contains('n');
    added.canIndicate = properties.contains('i');
    contents_[added.handle] = std::move(value);
    service.characteristics.push_back(std::move(added));
}

void ScriptedLink::sendAt(const std::string& call, std::uint16_t characteristic,
                          std::string_view hex) {
    arrivals_.push_back({call, characteristic, std::string(hex)});
}

void ScriptedLink::setSecurity(v1::Link now, v1::Link afterPairing) {
    security_ = now;
    afterPairing_ = afterPairing;
}

void ScriptedLink::send(std::uint16_t characteristic, std::string_view hex) {
    session::Value value;
    value.characteristic = Uuid(characteristic);
    for (const auto& service : database_) {
        for (const auto& each : service.characteristics) {
            if (each.uuid == value.characteristic) value.handle = each.handle;
        }
    }
    const auto bytes = fromHex(hex);
    REQUIRE(bytes);
    value.bytes = *bytes;
    value.received = clock_.now();
    const bool taken = values_.push(std::move(value));
    CHECK_MESSAGE((taken || end_), "more values than the queue holds");
}

bool ScriptedLink::wasCalled(std::string_view beginning) const {
    return std::ranges::any_of(
        calls_, [&](const std::string& call) { return call.starts_with(beginning); });
}

void ScriptedLink::close(Error why) {
    if (end_) return;
    end_ = why;
    late_.cancel();
    values_.close(why);
    if (waiting_) std::exchange(waiting_, std::nullopt)->set(std::unexpected(why));
}

void ScriptedLink::answer(const std::string& call, const Reply& reply,
                          const Answer<std::optional<Bytes>>& waiting) {
    for (const auto& arrival : arrivals_) {
        if (arrival.call == call) send(arrival.characteristic, arrival.hex);
    }
    if (reply.disconnects) return endLink();
    waiting_.reset();
    if (reply.refusal) return waiting.set(std::unexpected(*reply.refusal));
    waiting.set(reply.value);
}

asio::awaitable<Result<std::optional<Bytes>>> ScriptedLink::play(std::string call, Duration limit) {
    CHECK_MESSAGE(!waiting_, "two calls at a time: " << call);
    if (end_) co_return std::unexpected(*end_);
    Reply reply;
    if (auto script = replies_.find(call); script != replies_.end() && !script->second.empty()) {
        reply = script->second.front();
        script->second.pop_front();
    }
    Answer<std::optional<Bytes>> waiting;
    waiting_ = waiting;
    if (!reply.missing) {
        late_ = clock_.after(reply.late,
                             [this, call, reply, waiting] { answer(call, reply, waiting); });
    }
    auto result = co_await waiting.wait(clock_, limit);
    late_.cancel();
    waiting_.reset();
    co_return result;
}

asio::awaitable<Result<session::GattDatabase>> ScriptedLink::discover(
    std::vector<Uuid> /*expected*/, Duration limit) {
    calls_.push_back("discover");
    const auto done = co_await play("discover", limit);
    if (!done) co_return std::unexpected(done.error());
    co_return database_;
}

asio::awaitable<Result<Bytes>> ScriptedLink::read(Characteristic characteristic, Duration limit) {
    const auto call = "read " + characteristic.uuid.shortText();
    calls_.push_back(call);
    const auto done = co_await play(call, limit);
    if (!done) co_return std::unexpected(done.error());
    co_return done->value_or(contents_[characteristic.handle]);
}

asio::awaitable<Status> ScriptedLink::write(Characteristic characteristic, Bytes value,
                                            Duration limit) {
    const auto call = "write " + characteristic.uuid.shortText();
    calls_.push_back(call + " " + toHex(value));
    const auto done = co_await play(call, limit);
    if (!done) co_return std::unexpected(done.error());
    contents_[characteristic.handle] = value;
    const auto does = written_.find(characteristic.uuid.shortText());
    if (does != written_.end()) does->second(value);
    co_return Status{};
}

asio::awaitable<Status> ScriptedLink::subscribe(Characteristic characteristic, Duration limit) {
    const auto call = "subscribe " + characteristic.uuid.shortText();
    calls_.push_back(call);
    const auto done = co_await play(call, limit);
    if (!done) co_return std::unexpected(done.error());
    co_return Status{};
}

asio::awaitable<Result<session::Value>> ScriptedLink::nextValue(Duration limit) {
    auto value = co_await values_.next(clock_, limit);
    co_return value;
}

asio::awaitable<Status> ScriptedLink::pair(Duration limit) {
    calls_.push_back("pair");
    const auto done = co_await play("pair", limit);
    if (!done) co_return std::unexpected(done.error());
    security_ = afterPairing_;
    co_return Status{};
}

asio::awaitable<Status> ScriptedLink::disconnect(Duration limit) {
    calls_.push_back("disconnect");
    const auto done = co_await play("disconnect", limit);
    if (!done) co_return std::unexpected(done.error());
    close({ErrorKind::disconnected, "the hub ended the connection"});
    co_return Status{};
}

}  // namespace vitalgate::testing
