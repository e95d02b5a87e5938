#include "adapters/simulator/peripheral_link.hpp"

#include <algorithm>
#include <asio/post.hpp>

namespace vitalgate::simulator::peripheral {

namespace {

using namespace std::chrono_literals;

const std::string kDevice = "org.bluez.Device1";
/// BlueZ itself waits 2 s before it ends a link.
constexpr Duration kDisconnectLimit = 8s;
constexpr Duration kAskLimit = 5s;
/// With a bonded peer, until it must be through with our services.
constexpr Duration kPatience = 2s;
/// Of an indication (Core specification, volume 3, part F, 3.3.3).
constexpr Duration kTransactionLimit = 30s;

}  // namespace

Link::Link(Stack& stack, Clock& clock, Device& device, Log log)
    : stack_(stack), clock_(clock), device_(device), log_(std::move(log)) {}

void Link::open(const std::string& peer) {
    if (isUp()) return disconnect(peer, nullptr);
    peer_ = peer;
    seen_ = false;
    ++links_;
    device_.adoptBond(stack_.isPaired(peer));
    if (!device_.connect()) return hangUp();
    patience_ = clock_.after(kPatience, [this] { release(); });
}

/// A bonded link is encrypted before BlueZ lets anything through, and its subscriptions stand; but
/// a BlueZ on the other side confirms and drops what comes before it has gone through the services.
void Link::release() {
    patience_.cancel();
    if (isUp() && device_.bond() != Security::open) device_.encrypt();
}

void Link::lost(const std::string& peer) {
    if (peer != peer_) return;
    peer_.clear();
    waiting_.reset();
    patience_.cancel();
    device_.disconnect("link-lost");
}

void Link::reset() {
    if (isUp()) lost(peer_);
    for (const auto& service : device_.database().services()) {
        for (const auto& each : service.characteristics) {
            if (each.hasConfiguration()) subscribe(each, false);
        }
    }
}

void Link::resolved(const std::string& peer) {
    if (peer != peer_ || std::exchange(seen_, true)) return;
    device_.resolved();
    release();
}

void Link::paired(const std::string& peer) {
    if (peer == peer_) device_.bonded();
}

void Link::hangUp(std::function<void()> done) {
    waiting_.reset();
    if (isUp()) return disconnect(peer_, std::move(done));
    if (done) done();
}

void Link::disconnect(const std::string& peer, std::function<void()> done) {
    const auto answered = [this, done = std::move(done)](const dbus::Reply& reply) {
        // Somebody else may have been faster.
        if (!reply && reply.error().kind == ErrorKind::timedOut) {
            log_.warning("BlueZ does not end the link: {}", reply.error().message);
        }
        if (done) done();
    };
    stack_.call(peer, kDevice, "Disconnect", {}, kDisconnectLimit, answered);
}

// ---- what the device sends ----

/// Of a notification nobody tells whether it has arrived: it is delivered when it is with BlueZ.
void Link::send(const Characteristic& characteristic, const Bytes& value, std::uint64_t number) {
    if (!application_) return;
    application_->send(characteristic, value);
    if (characteristic.flags.indicate) {
        waiting_ = Indication{&characteristic, number, clock_.steady()};
        return;
    }
    asio::post(clock_.loop(),
               [this, link = links_, &characteristic, number, alive = std::weak_ptr(alive_)] {
                   if (!alive.expired()) delivered(link, characteristic, number);
               });
}

void Link::delivered(std::uint64_t link, const Characteristic& characteristic,
                     std::uint64_t number) {
    if (link != links_ || !isUp() || !device_.isConnected()) return;
    device_.taken(number, characteristic);
    device_.confirmed();
}

/// BlueZ also says so when the link ends or the peer stays silent. Of the former it knows before it
/// answers the next call, and tells that first; the latter comes after 30 s, and ends the link.
void Link::confirm(const Characteristic& characteristic) {
    if (!waiting_ || waiting_->characteristic != &characteristic) return;
    const auto over = *std::exchange(waiting_, std::nullopt);
    if (clock_.steady() - over.sent >= kTransactionLimit) return;
    stack_.call(peer_, "org.freedesktop.DBus.Properties", "Get", {kDevice, "Connected"}, kAskLimit,
                [this, link = links_, over](const dbus::Reply& reply) {
                    const auto* connected =
                        reply && !reply->empty() ? reply->front().get<bool>() : nullptr;
                    if (!connected || !*connected) return;
                    delivered(link, *over.characteristic, over.number);
                });
}

// ---- what the peer asks ----

/// A request has come through: what protects the characteristic is in force.
void Link::arrives(const Characteristic& characteristic) {
    if (!isUp()) return;
    resolved(peer_);
    const auto& guarded = device_.settings().pairing.encrypt;
    if (std::ranges::find(guarded, characteristic.uuid) != guarded.end()) device_.secured();
}

AttResult<Bytes> Link::read(const Characteristic& characteristic) {
    arrives(characteristic);
    return device_.read(characteristic);
}

AttResult<void> Link::write(const Characteristic& characteristic, ByteView value) {
    arrives(characteristic);
    return device_.write(characteristic, value);
}

/// BlueZ has answered the peer already: a device that refuses stays silent.
void Link::subscribe(const Characteristic& characteristic, bool on) {
    if (on) arrives(characteristic);
    const auto done = device_.subscribe(characteristic, on);
    if (!done && device_.isConnected()) {
        log_.info("{}: the device refuses the subscription, which BlueZ has granted",
                  characteristic.uuid.shortText());
    }
}

}  // namespace vitalgate::simulator::peripheral
