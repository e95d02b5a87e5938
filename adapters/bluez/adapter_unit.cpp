#include "adapters/bluez/adapter_unit.hpp"

#include <asio/post.hpp>

#include "adapters/bluez/errors.hpp"
#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

using namespace std::chrono_literals;

constexpr Duration kPowerLimit = 10s;
constexpr Duration kDisconnectLimit = 5s;

}  // namespace

AdapterUnit::AdapterUnit(Service& service, const AdapterView& view, Supervisor& supervisor,
                         Duration connectLimit, Clock& clock, Log log,
                         std::function<void(BluetoothAddress, const Error&)> failed,
                         Prepare prepare)
    : service_(service),
      supervisor_(supervisor),
      path_(view.path),
      name_(view.name),
      key_(view.key()),
      clock_(clock),
      log_(log),
      failed_(std::move(failed)),
      prepare_(std::move(prepare)),
      minute_(clock.steady()),
      discovery_(service, view.path, clock, log),
      connector_(*this, connectLimit, clock, log) {
    probe_ = clock_.after(kProbeEvery, [this] { probe(); });
}

/// Something harmless that BlueZ itself has to answer, not the library below it.
void AdapterUnit::probe() {
    std::weak_ptr<bool> alive = alive_;
    service_.call(path_, kAdapter1, "GetDiscoveryFilters", {}, kProbeLimit,
                  [this, alive](const dbus::Reply& reply) {
                      if (alive.expired()) return;
                      const bool silent = !reply && reply.error().kind == ErrorKind::timedOut;
                      silent ? supervisor_.onUnanswered() : supervisor_.onAnswered();
                      // In doubt the next question follows soon.
                      probe_ =
                          clock_.after(silent ? kProbeLimit : kProbeEvery, [this] { probe(); });
                  });
}

void AdapterUnit::take(v1::Step step) {
    if (step == v1::STEP_RESTART_DISCOVERY) discovery_.restart(false);
    if (step == v1::STEP_NEW_SESSION) discovery_.restart(true);
    if (step == v1::STEP_POWER_CYCLE) powerCycle();
}

/// Off; it is switched on again as any adapter that is off.
void AdapterUnit::powerCycle() {
    std::weak_ptr<bool> alive = alive_;
    service_.setProperty(
        path_, kAdapter1, "Powered", false, kPowerLimit, [this, alive](const dbus::Reply& reply) {
            if (alive.expired()) return;
            if (!reply) {
                log_.warning("it cannot be switched off: {}", toError(reply.error()).message);
                return;
            }
            // The signal of the change may be what does not come.
            powered_ = false;
            powerOn();
        });
}

void AdapterUnit::refresh() {
    const auto view = adapterView(service_.tree(), path_);
    const bool powered = view && view->powered;
    if (powered && !powered_) {
        powerProblem_.clear();
        blocked_ = false;
        toldOff_ = false;
        retry_.cancel();
        discovery_.reset();
        discovery_.resume();
    }
    powered_ = powered;
    if (powered_) return;
    discovery_.suspend();
    powerOn();
}

void AdapterUnit::onChange(const Change& change) {
    if (const auto discovering = dbus::property<bool>(change.properties, "Discovering"))
        discovery_.onDiscovering(*discovering);
    if (change.properties.contains("Powered")) refresh();
}

void AdapterUnit::powerOn() {
    if (std::exchange(asking_, true)) return;
    // Once for as long as it stays so.
    if (!std::exchange(toldOff_, true)) log_.info("it is off: switching it on");
    std::weak_ptr<bool> alive = alive_;
    service_.setProperty(path_, kAdapter1, "Powered", true, kPowerLimit,
                         [this, alive](const dbus::Reply& reply) {
                             if (!alive.expired()) onPowered(reply);
                         });
}

void AdapterUnit::onPowered(const dbus::Reply& reply) {
    asking_ = false;
    if (!reply) {
        const auto error = toError(reply.error());
        blocked_ = reply.error().name == "org.bluez.Error.Blocked";
        const auto why =
            blocked_ ? "it is blocked; see rfkill list"
                     : "BlueZ says: " + error.message + "; see rfkill list: it may be blocked";
        if (std::exchange(powerProblem_, why) != why)
            log_.warning("it cannot be switched on: {}", why);
    }
    // Powered turns true by a change of the property; if that does not come, ask again.
    if (!powered_) retry_ = clock_.after(kPowerRetry, [this] { refresh(); });
}

std::optional<DeviceView> AdapterUnit::find(BluetoothAddress address) const {
    for (const auto& path : service_.tree().paths(kDevice1, path_)) {
        auto view = deviceView(service_.tree(), path);
        if (view && view->address == address) return view;
    }
    return std::nullopt;
}

void AdapterUnit::pauseDiscovery(std::function<void()> done) {
    discovery_.pause(std::move(done));
}

void AdapterUnit::resumeDiscovery() {
    if (powered_) discovery_.resume();
}

void AdapterUnit::connect(BluetoothAddress address, Duration limit,
                          std::function<void(dbus::Reply)> done) {
    const auto device = find(address);
    if (device) {
        auto call = [this, path = device->path, limit, done = std::move(done),
                     alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) callConnect(path, limit, done);
        };
        return prepare_(*device, std::move(call));
    }
    dbus::CallError error;
    error.kind = ErrorKind::notFound;
    error.message = "BlueZ no longer knows the device";
    asio::post(clock_.loop(), [done = std::move(done), error] { done(std::unexpected(error)); });
}

void AdapterUnit::callConnect(const std::string& path, Duration limit,
                              const std::function<void(dbus::Reply)>& done) {
    service_.call(path, kDevice1, "Connect", {}, limit,
                  [&service = service_, path, done](const dbus::Reply& reply) {
                      if (reply) service.askConnected(path);
                      done(reply);
                  });
}

void AdapterUnit::disconnect(BluetoothAddress address) {
    const auto device = find(address);
    if (device)
        service_.call(device->path, kDevice1, "Disconnect", {}, kDisconnectLimit,
                      [](const dbus::Reply&) {});
}

bool AdapterUnit::isConnected(BluetoothAddress address) const {
    const auto device = find(address);
    return device && device->connected;
}

void AdapterUnit::countAdvertisement() {
    const auto passed = clock_.steady() - minute_;
    if (passed >= 1min) {
        lastMinute_ = passed < 2min ? thisMinute_ : 0;
        thisMinute_ = 0;
        minute_ = clock_.steady();
    }
    ++thisMinute_;
    supervisor_.onHeard();
}

v1::Adapter AdapterUnit::describe(std::uint32_t connected) const {
    v1::Adapter adapter;
    adapter.set_name(name_);
    const bool silent = supervisor_.trouble() != Supervisor::Trouble::none;
    adapter.set_state(silent     ? v1::ADAPTER_SILENT
                      : powered_ ? v1::ADAPTER_READY
                      : blocked_ ? v1::ADAPTER_BLOCKED
                                 : v1::ADAPTER_OFF);
    adapter.set_advertisements_per_min(std::max(thisMinute_, lastMinute_));
    adapter.set_connected(connected);
    return adapter;
}

std::string AdapterUnit::problem() const {
    if (!powered_)
        return powerProblem_.empty() ? "it is off" : "it cannot be switched on: " + powerProblem_;
    return discovery_.problem().empty() ? "" : "discovery does not start: " + discovery_.problem();
}

}  // namespace vitalgate::bluez
