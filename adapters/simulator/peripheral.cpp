#include "adapters/simulator/peripheral.hpp"

#include <array>
#include <asio/post.hpp>

#include "adapters/simulator/peripheral_advertisement.hpp"
#include "adapters/simulator/peripheral_agent.hpp"
#include "adapters/simulator/peripheral_gatt.hpp"
#include "adapters/simulator/peripheral_link.hpp"
#include "adapters/simulator/peripheral_stack.hpp"
#include "adapters/simulator/scaled_clock.hpp"

namespace vitalgate::simulator {

namespace {

using namespace std::chrono_literals;

constexpr Duration kArrivalLimit = 20s;
constexpr Duration kPowerLimit = 10s;
constexpr Duration kPowerAgain = 100ms;
constexpr Duration kCallLimit = 5s;
constexpr Duration kRegisterLimit = 10s;
constexpr Duration kRemoveLimit = 15s;
constexpr Duration kLeaveLimit = 10s;

const std::string kBluezPath = "/org/bluez";
const std::string kAgentManager = "org.bluez.AgentManager1";
const std::string kGattManager = "org.bluez.GattManager1";
const std::string kAdapter = "org.bluez.Adapter1";

Status statusOf(const dbus::Reply& reply) {
    if (reply) return {};
    return std::unexpected(static_cast<const Error&>(reply.error()));
}

}  // namespace

class Peripheral::Impl final : public Radio, public peripheral::StackListener {
  public:
    Impl(DeviceSettings settings, std::uint64_t seed, Options options, Clock& clock, Log log)
        : options_(std::move(options)),
          clock_(clock),
          deviceClock_(clock, options_.speed),
          log_(log.part(settings.name)),
          ledger_(options_.ledger, clock),
          device_(std::move(settings), seed, deviceClock_, ledger_, *this) {}

    Status open();
    void setHandlers(std::function<void(const std::string&)> serving,
                     std::function<void(const Error&)> ended);
    void end(const Error& why);
    void leave(std::function<void()> done);

    void advertised(Device&) override;
    void silenced(Device&) override;
    void send(Device&, const Characteristic& characteristic, const Bytes& value,
              std::uint64_t number) override;
    void closed(Device&) override;
    void erased(Device&) override;

    Options options_;
    Clock& clock_;
    ScaledClock deviceClock_;
    Log log_;
    Ledger ledger_;
    Device device_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  private:
    using Done = std::function<void(Status)>;
    /// One thing to ask of BlueZ; what comes of it goes to its `done`.
    struct Step {
        std::string_view what;
        void (Impl::*run)(Done done);
    };
    // g++ 12 reads the first element of a member array without a size for each of them.
    static const std::array<Step, 6> kArrival;
    static const std::array<Step, 5> kDeparture;

    void onReady() override;
    void onGone() override;
    void onConnected(const std::string& peer) override;
    void onDisconnected(const std::string& peer) override;
    void onResolved(const std::string& peer) override;
    void onPaired(const std::string& peer) override;

    void awaitArrival();
    void arrive(std::size_t step);
    void arrived();
    void depart(std::size_t step);
    Status makeObjects();
    void dropObjects();

    void powerOn(Done done);
    void setPairable(Done done);
    void setAlias(Done done);
    void registerAgent(Done done);
    void becomeDefaultAgent(Done done);
    void registerApplication(Done done);
    void hideAdvertisement(Done done);
    void endLink(Done done);
    void unregisterApplication(Done done);
    void unregisterAgent(Done done);
    void resetAlias(Done done);
    void call(const std::string& path, const std::string& interface, const std::string& method,
              dbus::Values arguments, Duration limit, Done done);
    void set(const std::string& name, dbus::Value value, Done done);
    void removed();

    std::function<void(const std::string&)> serving_;
    std::function<void(const Error&)> ended_;
    std::function<void()> left_;
    std::unique_ptr<dbus::Connection> connection_;
    std::unique_ptr<peripheral::Stack> stack_;
    std::unique_ptr<peripheral::Link> link_;
    std::unique_ptr<peripheral::PairingAgent> agent_;
    std::unique_ptr<peripheral::GattApplication> application_;
    std::unique_ptr<peripheral::Advertisement> advertisement_;
    std::uint64_t arrivals_ = 0;  ///< counts them, so that late answers find their own
    bool serves_ = false;
    bool lives_ = false;  ///< the device has been started
    bool leaves_ = false;
    int removals_ = 0;  ///< peers whose bond BlueZ is about to drop
    SteadyTime powerUntil_{};
    Timer deadline_;
    Timer again_;
};

const std::array<Peripheral::Impl::Step, 6> Peripheral::Impl::kArrival{
    {{"power on", &Impl::powerOn},
     {"set Pairable", &Impl::setPairable},
     {"set Alias", &Impl::setAlias},
     {"register the pairing agent", &Impl::registerAgent},
     {"make the pairing agent the default", &Impl::becomeDefaultAgent},
     {"register the services", &Impl::registerApplication}}};

const std::array<Peripheral::Impl::Step, 5> Peripheral::Impl::kDeparture{
    {{"take the advertisement back", &Impl::hideAdvertisement},
     {"end the link", &Impl::endLink},
     {"take the services back", &Impl::unregisterApplication},
     {"take the pairing agent back", &Impl::unregisterAgent},
     {"reset Alias", &Impl::resetAlias}}};

void Peripheral::Impl::setHandlers(std::function<void(const std::string&)> serving,
                                   std::function<void(const Error&)> ended) {
    serving_ = std::move(serving);
    ended_ = std::move(ended);
}

Status Peripheral::Impl::open() {
    auto connection = dbus::Connection::open(options_.bus, clock_, log_.part("bus"));
    if (!connection) return std::unexpected(connection.error());
    connection_ = std::move(*connection);
    connection_->onLost([this] { end({ErrorKind::unavailable, "the bus has gone"}); });
    auto managed = connection_->addObjectManager(peripheral::GattApplication::kPath);
    if (!managed) return managed;
    stack_ = std::make_unique<peripheral::Stack>(*connection_, clock_, options_.adapter, *this);
    link_ = std::make_unique<peripheral::Link>(*stack_, clock_, device_, log_);
    awaitArrival();
    return stack_->start();
}

/// Nothing follows: late answers find another number.
void Peripheral::Impl::end(const Error& why) {
    ++arrivals_;
    serves_ = false;
    deadline_.cancel();
    again_.cancel();
    if (auto ended = std::exchange(ended_, nullptr)) ended(why);
}

// ---- arriving ----

void Peripheral::Impl::awaitArrival() {
    deadline_ = clock_.after(kArrivalLimit, [this] {
        const auto what = stack_->hasBluez() ? "BlueZ has no controller " + options_.adapter
                                             : std::string("there is no BlueZ on the bus");
        end({ErrorKind::unavailable,
             fmt::format("{} ({} waited for)", what, formatDuration(kArrivalLimit))});
    });
}

void Peripheral::Impl::onReady() {
    if (leaves_ || !ended_) return;
    deadline_.cancel();
    ++arrivals_;
    powerUntil_ = clock_.steady() + kPowerLimit;
    if (const auto made = makeObjects(); !made) return end(made.error());
    arrive(0);
}

Status Peripheral::Impl::makeObjects() {
    const auto& settings = device_.settings();
    agent_ = std::make_unique<peripheral::PairingAgent>(
        *connection_, settings.pairing, stack_->adapterPath(), [this] { device_.pairingAsked(); });
    application_ = std::make_unique<peripheral::GattApplication>(*connection_, device_.database(),
                                                                 settings.pairing, *link_);
    advertisement_ = std::make_unique<peripheral::Advertisement>(
        *connection_, *stack_, clock_, settings, device_.advertisedServices(), log_);
    if (auto served = agent_->serve(); !served) return served;
    if (auto served = application_->serve(); !served) return served;
    if (auto served = advertisement_->serve(); !served) return served;
    link_->setApplication(application_.get());
    return {};
}

void Peripheral::Impl::arrive(std::size_t step) {
    if (step == kArrival.size()) return arrived();
    (this->*kArrival[step].run)([this, step, own = arrivals_](const Status& status) {
        if (own != arrivals_ || leaves_) return;
        if (!status) return end(status.error().in(kArrival[step].what));
        arrive(step + 1);
    });
}

void Peripheral::Impl::arrived() {
    serves_ = true;
    // Links of earlier times are not the device's.
    for (const auto& peer : stack_->connectedPeers()) link_->open(peer);
    serving_(stack_->address());
    if (!std::exchange(lives_, true)) device_.start();
}

void Peripheral::Impl::onGone() {
    ++arrivals_;
    serves_ = false;
    removals_ = 0;
    again_.cancel();
    link_->reset();
    dropObjects();
    if (leaves_) return depart(kDeparture.size());
    if (!ended_) return;
    log_.warning("BlueZ or its controller has gone: waiting for it");
    awaitArrival();
}

void Peripheral::Impl::dropObjects() {
    link_->setApplication(nullptr);
    advertisement_.reset();
    application_.reset();
    agent_.reset();
}

// ---- steps ----

void Peripheral::Impl::call(const std::string& path, const std::string& interface,
                            const std::string& method, dbus::Values arguments, Duration limit,
                            Done done) {
    stack_->call(path, interface, method, std::move(arguments), limit,
                 [done = std::move(done)](const dbus::Reply& reply) { done(statusOf(reply)); });
}

void Peripheral::Impl::set(const std::string& name, dbus::Value value, Done done) {
    stack_->setProperty(
        name, std::move(value), kCallLimit,
        [done = std::move(done)](const dbus::Reply& reply) { done(statusOf(reply)); });
}

/// BlueZ powers its controllers on by itself, and is busy while it does.
void Peripheral::Impl::powerOn(Done done) {
    const auto answered = [this, done](const dbus::Reply& reply) {
        const bool busy = !reply && reply.error().name == "org.bluez.Error.Busy";
        if (!busy || clock_.steady() >= powerUntil_) return done(statusOf(reply));
        again_ = clock_.after(kPowerAgain, [this, done] { powerOn(done); });
    };
    stack_->setProperty("Powered", true, kPowerLimit, answered);
}

void Peripheral::Impl::setPairable(Done done) {
    set("Pairable", device_.settings().pairing.demand != PairingDemand::none, std::move(done));
}

/// The name that a connected peer reads.
void Peripheral::Impl::setAlias(Done done) {
    set("Alias", device_.settings().information.name, std::move(done));
}

void Peripheral::Impl::registerAgent(Done done) {
    // It outlives the controller.
    const auto answered = [done = std::move(done)](const dbus::Reply& reply) {
        const bool isThere = !reply && reply.error().name == "org.bluez.Error.AlreadyExists";
        done(isThere ? Status() : statusOf(reply));
    };
    stack_->call(kBluezPath, kAgentManager, "RegisterAgent",
                 {dbus::ObjectPath{peripheral::PairingAgent::kPath}, agent_->capability()},
                 kCallLimit, answered);
}

void Peripheral::Impl::becomeDefaultAgent(Done done) {
    call(kBluezPath, kAgentManager, "RequestDefaultAgent",
         {dbus::ObjectPath{peripheral::PairingAgent::kPath}}, kCallLimit, std::move(done));
}

void Peripheral::Impl::registerApplication(Done done) {
    call(stack_->adapterPath(), kGattManager, "RegisterApplication",
         {dbus::ObjectPath{peripheral::GattApplication::kPath}, dbus::Dict{}}, kRegisterLimit,
         std::move(done));
}

void Peripheral::Impl::hideAdvertisement(Done done) {
    advertisement_->hide([done = std::move(done)] { done({}); });
}

void Peripheral::Impl::endLink(Done done) {
    device_.disconnect("by-device");
    link_->hangUp([done = std::move(done)] { done({}); });
}

void Peripheral::Impl::unregisterApplication(Done done) {
    call(stack_->adapterPath(), kGattManager, "UnregisterApplication",
         {dbus::ObjectPath{peripheral::GattApplication::kPath}}, kCallLimit, std::move(done));
}

void Peripheral::Impl::unregisterAgent(Done done) {
    call(kBluezPath, kAgentManager, "UnregisterAgent",
         {dbus::ObjectPath{peripheral::PairingAgent::kPath}}, kCallLimit, std::move(done));
}

void Peripheral::Impl::resetAlias(Done done) {
    set("Alias", "", std::move(done));
}

// ---- leaving ----

void Peripheral::Impl::leave(std::function<void()> done) {
    if (std::exchange(leaves_, true)) return;
    left_ = std::move(done);
    const bool hasServed = std::exchange(serves_, false);
    ++arrivals_;
    if (!hasServed) return depart(kDeparture.size());
    deadline_ = clock_.after(kLeaveLimit, [this] { depart(kDeparture.size()); });
    depart(0);
}

/// What cannot be taken back goes with the connection.
void Peripheral::Impl::depart(std::size_t step) {
    if (step < kDeparture.size() && stack_->isReady()) {
        return (this->*kDeparture[step].run)([this, step](const Status& status) {
            if (!status) log_.warning("{}", status.error().in(kDeparture[step].what).message);
            depart(step + 1);
        });
    }
    deadline_.cancel();
    if (auto left = std::exchange(left_, nullptr)) left();
}

// ---- what happens on the controller ----

void Peripheral::Impl::onConnected(const std::string& peer) {
    if (!serves_) return;
    // Whoever asked last is the default, and that may be a hub on the same BlueZ.
    becomeDefaultAgent([](const Status&) {});
    link_->open(peer);
}

void Peripheral::Impl::onDisconnected(const std::string& peer) {
    link_->lost(peer);
}

void Peripheral::Impl::onResolved(const std::string& peer) {
    link_->resolved(peer);
}

void Peripheral::Impl::onPaired(const std::string& peer) {
    link_->paired(peer);
}

// ---- what the device does ----

/// BlueZ takes some time to end a link, and to drop a bond: until then nobody is to connect.
void Peripheral::Impl::advertised(Device&) {
    if (serves_ && !link_->isUp() && removals_ == 0) advertisement_->show();
}

void Peripheral::Impl::silenced(Device&) {
    if (serves_) advertisement_->hide();
}

void Peripheral::Impl::send(Device&, const Characteristic& characteristic, const Bytes& value,
                            std::uint64_t number) {
    link_->send(characteristic, value, number);
}

void Peripheral::Impl::closed(Device&) {
    link_->hangUp();
}

void Peripheral::Impl::erased(Device&) {
    if (!serves_) return;
    advertisement_->hide();
    for (const auto& peer : stack_->pairedPeers()) {
        ++removals_;
        call(stack_->adapterPath(), kAdapter, "RemoveDevice", {dbus::ObjectPath{peer}},
             kRemoveLimit, [this, own = arrivals_](const Status& status) {
                 if (own != arrivals_) return;
                 if (!status) log_.error("{}", status.error().in("drop the bond").message);
                 removed();
             });
    }
}

void Peripheral::Impl::removed() {
    if (--removals_ == 0 && !link_->isUp()) application_->dropSubscriptions();
}

// ---- the public face ----

Peripheral::Peripheral(DeviceSettings device, std::uint64_t seed, Options options, Clock& clock,
                       Log log)
    : impl_(std::make_unique<Impl>(std::move(device), seed, std::move(options), clock,
                                   std::move(log))) {}

Peripheral::~Peripheral() = default;

void Peripheral::start(std::function<void(const std::string&)> serving,
                       std::function<void(const Error&)> ended) {
    impl_->setHandlers(std::move(serving), std::move(ended));
    if (const auto opened = impl_->open(); !opened) {
        asio::post(impl_->clock_.loop(), [impl = impl_.get(), error = opened.error(),
                                          alive = std::weak_ptr(impl_->alive_)] {
            if (!alive.expired()) impl->end(error);
        });
    }
}

void Peripheral::stop(std::function<void()> done) {
    impl_->leave(std::move(done));
}

Device& Peripheral::device() const {
    return impl_->device_;
}

bool Peripheral::isLedgerComplete() const {
    return impl_->ledger_.isComplete();
}

}  // namespace vitalgate::simulator
