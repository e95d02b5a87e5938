#include "adapters/bluez/core.hpp"

#include <algorithm>
#include <array>
#include <asio/post.hpp>

#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

constexpr Duration kLeaveLimit = std::chrono::seconds{5};
constexpr Duration kPowerLosesLinks = std::chrono::milliseconds{500};

/// All that any of the profiles reads.
std::vector<Uuid> servicesOf(const BluezOptions& options) {
    std::vector<Uuid> all;
    for (const auto& [profile, services] : options.servicesOfProfile)
        all.insert(all.end(), services.begin(), services.end());
    return all;
}

/// Properties that change with an advertisement.
constexpr std::array<std::string_view, 3> kAdvertised = {"RSSI", "ManufacturerData", "ServiceData"};

/// Those that something hangs on; all others come as often as a device likes.
constexpr std::array<std::string_view, 4> kStates = {"Connected", "Paired", "Bonded",
                                                     "ServicesResolved"};

template <class Names>
bool hasOneOf(const Change& change, const Names& names) {
    return std::ranges::any_of(
        names, [&change](std::string_view name) { return change.properties.contains(name); });
}

bool isAdvertisement(const Change& change) {
    return hasOneOf(change, kAdvertised);
}

}  // namespace

Core::Core(BluezOptions options, Sink& sink, Clock& clock, Log log)
    : options_(std::move(options)),
      sink_(sink),
      clock_(clock),
      log_(std::move(log)),
      events_(std::make_shared<EventWriter>(sink, clock, log_)),
      service_(options_.bus, clock, log_, *this),
      agent_(
          options_.pairingPolicy, options_.pairingWindow, clock, log_.part("pairing"),
          [this](const std::string& device) { onPairingRefused(device); },
          [this](const std::string& device) { return expectedPasskey(device); }),
      profiles_(servicesOf(options_), log_),
      admission_(options_.devices, options_.rules, options_.servicesOfProfile, options_.deviceKey) {
    for (const auto& settings : options_.devices) known(settings);
}

void Core::start() {
    for (auto& [address, device] : devices_) {
        remember(device);
        updateAvailability(device);
    }
    service_.start();
    tick();
}

void Core::tick() {
    const bool listens =
        std::ranges::any_of(units_, [](const auto& entry) { return entry.second->isListening(); });
    for (auto& [address, device] : devices_) {
        device.presence.onListening(listens, clock_.steady());
        if (device.conversation) noteReading(device, *device.conversation);
        updateAvailability(device);
        describeNews(device);
        judgeExpectation(device);
    }
    hangUpWhileClosed();
    supervise();
    refreshProblems();
    tick_ = clock_.after(kTick, [this] { tick(); });
}

void Core::stop(std::function<void()> done) {
    stopped_ = std::move(done);
    stopping_ = true;
    waiting_.stop();
    events_->retry();
    for (auto& [address, device] : devices_) {
        if (device.conversation) hangUp(device.conversation);
    }
    drain_ = clock_.after(kDrainLimit, [self = shared_from_this()] { self->drainConversations(); });
    tick_ = clock_.after(kStopLimit, [self = shared_from_this()] {
        self->log_.error("{} conversations and {} commands did not end in time",
                         self->conversations_, self->commands_);
        self->finishStop();
    });
    finishStopWhenIdle();
}

/// What is under way ends by itself once the stop has begun.
void Core::finishStopWhenIdle() {
    if (stopped_ && conversations_ == 0 && commands_ == 0) finishStop();
}

void Core::finishStop() {
    abandon();
    if (auto done = std::exchange(stopped_, nullptr)) asio::post(clock_.loop(), std::move(done));
}

void Core::abandon() {
    tick_.cancel();
    drain_.cancel();
    waiting_.stop();
    units_.clear();
    agent_.leave();
    profiles_.leave();
    service_.stop();
    // Replies that are already on their way to it find it alive.
    asio::post(clock_.loop(), [self = shared_from_this()] { self->stopping_ = true; });
}

// ---- BlueZ ----

void Core::onReady() {
    if (stopping_) return;
    find("bus", "the system bus is back");
    find("bluez", "BlueZ is back");
    agent_.enter(service_);
    profiles_.enter(service_);
    for (const auto& path : service_.tree().paths(kAdapter1)) addAdapter(path);
    for (const auto& path : service_.tree().paths(kDevice1)) {
        const auto view = deviceView(service_.tree(), path);
        if (!view) continue;
        if (view->connected) onConnected(*view);
        if (view->rssiDbm) onSighting(*view);
    }
    refreshProblems();
}

void Core::onGone() {
    agent_.leave();
    profiles_.leave();
    for (const auto& [path, unit] : units_) excuseDevices(path);
    units_.clear();
    for (auto& [address, device] : devices_) device.reception.clear();
    if (service_.state() == Service::State::noBluez) {
        lose("bluez", "", "BlueZ has gone");
    } else if (!reconnecting_) {
        lose("bus", "", "the connection to the system bus is lost");
    }
    endAll(v1::DISCONNECT_BLUEZ_GONE, "BlueZ has gone", "");
    refreshProblems();
}

void Core::onChange(const Change& change) {
    if (change.interface == kAdapter1 && !stopping_) {
        onAdapterChange(change);
    } else if (change.interface == kDevice1 && !stopping_) {
        onDeviceChange(change);
    }
    // At a stop, too: devices send until they are disconnected.
    for (auto& [address, device] : devices_) {
        const auto talk = device.conversation;
        if (!talk ||
            (change.path != talk->link->device() && !isBelow(change.path, talk->link->device())))
            continue;
        const auto unit = units_.find(talk->adapter);
        if (unit != units_.end() && change.properties.contains("Value"))
            unit->second->supervisor().onHeard();
        talk->link->onChange(change);
    }
}

// ---- adapters ----

bool Core::isWanted(const AdapterView& adapter) const {
    if (options_.adapters.empty()) return true;
    return std::ranges::any_of(options_.adapters, [&adapter](const std::string& wanted) {
        const auto address = BluetoothAddress::parse(wanted);
        return wanted == adapter.name || (address && adapter.address == *address);
    });
}

void Core::addAdapter(const std::string& path) {
    const auto view = adapterView(service_.tree(), path);
    if (!view || !isWanted(*view) || units_.contains(path)) return;
    log_.info("adapter {} is there", view->name);
    auto failed = [this, path](BluetoothAddress address, const Error& error) {
        onFailed(path, address, error);
    };
    auto unit = std::make_unique<AdapterUnit>(
        service_, *view, supervisorOf(*view), options_.connectTimeout, clock_,
        log_.part(view->name), failed, [this](const DeviceView& device, std::function<void()> go) {
            prepareConnect(device, std::move(go));
        });
    auto& added = *unit;
    units_[path] = std::move(unit);
    find(view->key(), "adapter " + view->name + " is back");
    profiles_.registerWith(service_, path);
    added.refresh();
}

void Core::removeAdapter(const std::string& path) {
    const auto unit = units_.find(path);
    if (unit == units_.end()) return;
    const auto [key, name] = std::pair(unit->second->key(), unit->second->name());
    units_.erase(unit);
    excuseDevices(path);
    for (auto& [address, device] : devices_) device.reception.forget(path);
    lose(key, name, "adapter " + name + " has gone");
    endAll(v1::DISCONNECT_ADAPTER_GONE, "the adapter has gone", path);
}

void Core::onAdapterChange(const Change& change) {
    if (change.kind == Change::Kind::removed) {
        removeAdapter(change.path);
    } else if (change.kind == Change::Kind::added) {
        addAdapter(change.path);
    } else if (const auto unit = units_.find(change.path); unit != units_.end()) {
        unit->second->onChange(change);
        if (dbus::property<bool>(change.properties, "Powered") == false) excuseDevices(change.path);
    }
    refreshProblems();
}

/// The links that an adapter loses when it is switched off or goes, or BlueZ ends in order, end
/// shortly before BlueZ says so. None of their devices has had enough of us.
void Core::excuseDevices(const std::string& adapter) {
    const auto now = clock_.steady();
    for (auto& [address, device] : devices_) {
        const bool lost = device.servedBy == adapter && now - device.endedAt < kPowerLosesLinks;
        if (!lost || device.flood.isMuted(now) || device.earlyEnds >= kEarlyEnds) continue;
        device.quietUntil = now + device.bond->pause(now);
        if (device.earlyEnds > 0) --device.earlyEnds;  // the device did not hang up
    }
}

// ---- devices ----

void Core::onDeviceChange(const Change& change) {
    if (change.kind == Change::Kind::removed) {
        endLink(change.path, v1::DISCONNECT_LINK_LOST, "BlueZ has removed the device");
        return;
    }
    const auto unit = units_.find(change.path.substr(0, change.path.rfind('/')));
    if (unit != units_.end() && isAdvertisement(change)) unit->second->countAdvertisement();
    if (service_.tree().find(change.path, kDevice1) == nullptr) return;  // a stranger, not kept
    if (change.properties.empty() || isOneTooMany(change)) return;
    const auto view = deviceView(service_.tree(), change.path);
    if (!view) return;
    if (const auto connected = dbus::property<bool>(change.properties, "Connected"))
        *connected ? onConnected(*view) : onDisconnected(*view);
    if (change.properties.contains("Paired")) {
        const auto device = devices_.find(view->address);
        if (device != devices_.end()) checkBond(device->second, *view);
    }
    if (view->rssiDbm && isAdvertisement(change)) onSighting(*view);
}

/// Of a device that changes without a pause: nothing is done for it.
bool Core::isOneTooMany(const Change& change) {
    const bool hasState = change.kind == Change::Kind::added || hasOneOf(change, kStates);
    return !hasState && !sightings_.pass(change.path, clock_.steady());
}

Core::Device* Core::admit(const DeviceView& view, bool advertises) {
    const auto rssi = advertises ? view.rssiDbm : std::nullopt;
    const Admission::Sighting seen{view.address, view.services, rssi};
    const auto settings = admission_.admit(seen, clock_.wall());
    return settings ? &known(*settings) : nullptr;
}

Core::Device& Core::known(const DeviceSettings& settings) {
    const auto found = devices_.find(settings.address);
    if (found != devices_.end()) return found->second;
    const bool plain = options_.session.plainIdentifiers;
    auto& device =
        devices_.emplace(settings.address, Device(settings, plain, clock_.steady())).first->second;
    // The configured ones are made before there is anything to hold on to: start() asks for them.
    if (!weak_from_this().expired()) remember(device);
    return device;
}

void Core::onSighting(const DeviceView& view) {
    const auto unit = units_.find(view.adapter);
    if (unit == units_.end()) return;
    auto* device = admit(view, true);
    if (device == nullptr) return;
    const auto now = clock_.steady();
    if (now - std::exchange(device->seen, now) > kAdvertisingGap) device->advertisesSince = now;
    device->presence.onSeen(now);
    checkBond(*device, view);
    device->rssiDbm = view.rssiDbm;
    device->adapter = unit->second->name();
    updateAvailability(*device);
    device->reception.onHeard(view.adapter, *view.rssiDbm, now);
    if (*view.rssiDbm >= options_.signalFloorDbm) seek(*device, view);
}

/// One adapter connects: the one that is to serve the device, unless another is at it already.
void Core::seek(Device& device, const DeviceView& view) {
    const auto now = clock_.steady();
    if (now < device.quietUntil || view.connected || device.conversation || !sink_.isOpen()) return;
    const auto best = device.reception.best(now, bondHolder(view.address));
    const bool isTried = std::ranges::any_of(units_, [&](const auto& entry) {
        return entry.second->connector().isTrying(view.address);
    });
    if (isTried || best != view.adapter) return;
    for (auto& [path, unit] : units_) {
        if (path == view.adapter) {
            unit->connector().want(view.address, device.advertisesSince);
        } else {
            unit->connector().forget(view.address);
        }
    }
}

/// The adapter whose bond the device has; empty if it has none.
std::string Core::bondHolder(BluetoothAddress address) const {
    for (const auto& [path, unit] : units_) {
        const auto view = unit->find(address);
        if (view && view->paired) return path;
    }
    return {};
}

void Core::onConnected(const DeviceView& view) {
    const auto unit = units_.find(view.adapter);
    if (unit == units_.end()) return;
    unit->second->connector().onConnected(view.address);
    auto* device = admit(view, false);
    if (device == nullptr) return;
    for (auto& [path, other] : units_) {
        if (path != view.adapter) other->connector().forget(view.address);
    }
    device->reception.onConnected(view.adapter);
    if (device->conversation) return;
    const auto until = leftAloneUntil(*device, view);
    if (clock_.steady() >= until) {
        // Whatever the time: BlueZ has asked for its values as soon as it connected, and the device
        // holds them for delivered. Each is kept, or counted as lost.
        begin(*device, view);
        return;
    }
    if (std::exchange(device->leftAlone, until) != until)
        log_.info("device {}: left alone for now", device->settings.id);
    service_.call(view.path, kDevice1, "Disconnect", {}, kLeaveLimit, [](const auto&) {});
}

/// One that floods, and one that has lost its bond: nothing comes of that, and the kernel would
/// connect to it again and again by itself; a Disconnect ends this.
SteadyTime Core::leftAloneUntil(const Device& device, const DeviceView& view) const {
    const auto now = clock_.steady();
    if (device.flood.isMuted(now)) return device.flood.until();
    return view.paired && device.earlyEnds >= kEarlyEnds ? device.quietUntil : now;
}

void Core::onDisconnected(const DeviceView& view) {
    endLink(view.path, v1::DISCONNECT_BY_DEVICE, "the device has disconnected");
    const auto unit = units_.find(view.adapter);
    if (unit != units_.end()) unit->second->connector().onDisconnected(view.address);
}

void Core::onFailed(const std::string& adapter, BluetoothAddress address, const Error& error) {
    const auto found = devices_.find(address);
    if (found == devices_.end()) return;
    log_.info("device {}: {}", found->second.settings.id, error.message);
    found->second.reception.onFailed(adapter);
    // An adapter that is not ready, or a BlueZ that has forgotten the device, says nothing of it.
    if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::notFound) return;
    found->second.presence.onFailed();
    updateAvailability(found->second);
}

// ---- the public face ----

BluezAdapter::BluezAdapter(BluezOptions options, Sink& sink, Clock& clock, Log log)
    : core_(std::make_shared<Core>(std::move(options), sink, clock, std::move(log))) {}

BluezAdapter::~BluezAdapter() {
    core_->abandon();
}

void BluezAdapter::start() {
    core_->start();
}

void BluezAdapter::stop(std::function<void()> done) {
    core_->stop(std::move(done));
}

asio::awaitable<v1::CommandResult> BluezAdapter::execute(v1::Command command) {
    return Core::execute(core_, std::move(command));
}

std::vector<v1::DeviceDescriptor> BluezAdapter::devices() const {
    return core_->devices();
}

std::vector<v1::Adapter> BluezAdapter::adapters() const {
    return core_->adapters();
}

std::vector<v1::Problem> BluezAdapter::problems() const {
    return core_->problems();
}

UnsettledValues BluezAdapter::unsettled() const {
    return core_->unsettled();
}

}  // namespace vitalgate::bluez
