#include "adapters/bluez/core.hpp"

#include <algorithm>
#include <array>
#include <asio/post.hpp>

#include "adapters/bluez/names.hpp"

namespace vitalgate::bluez {

namespace {

/// Properties that change with an advertisement.
constexpr std::array<std::string_view, 3> kAdvertised = {"RSSI", "ManufacturerData", "ServiceData"};

bool isAdvertisement(const Change& change) {
    return std::ranges::any_of(
        kAdvertised, [&change](std::string_view name) { return change.properties.contains(name); });
}

}  // namespace

Core::Core(BluezOptions options, Sink& sink, Clock& clock, Log log)
    : options_(std::move(options)),
      sink_(sink),
      clock_(clock),
      log_(std::move(log)),
      events_(std::make_shared<EventWriter>(sink, clock, log_)),
      service_(options_.bus, clock, log_, *this),
      agent_(options_.pairingPolicy, options_.pairingWindow, clock, log_.part("pairing"),
             [this](const std::string& device) { onPairingRefused(device); }),
      admission_(options_.devices, options_.rules, options_.servicesOfProfile, options_.deviceKey) {
    for (const auto& settings : options_.devices) known(settings);
}

void Core::start() {
    for (auto& [address, device] : devices_) updateAvailability(device);
    service_.start();
    tick();
}

void Core::tick() {
    for (auto& [address, device] : devices_) {
        updateAvailability(device);
        describeNews(device);
    }
    refreshProblems();
    tick_ = clock_.after(kTick, [this] { tick(); });
}

void Core::stop(std::function<void()> done) {
    stopped_ = std::move(done);
    stopping_ = true;
    for (auto& [address, device] : devices_) {
        if (!device.conversation) continue;
        auto talk = device.conversation;
        talk->reason = v1::DISCONNECT_BY_HUB;
        talk->session->stop();
        talk->link->stop();
        service_.call(talk->link->device(), kDevice1, "Disconnect", {}, kStopLimit,
                      [](const dbus::Reply&) {});
    }
    tick_ = clock_.after(kStopLimit, [self = shared_from_this()] {
        self->log_.error("{} conversations did not end in time", self->conversations_);
        self->finishStop();
    });
    if (conversations_ == 0) finishStop();
}

void Core::finishStop() {
    abandon();
    if (auto done = std::exchange(stopped_, nullptr)) asio::post(clock_.loop(), std::move(done));
}

void Core::abandon() {
    tick_.cancel();
    units_.clear();
    agent_.leave();
    service_.stop();
    // Replies that are already on their way to it find it alive.
    asio::post(clock_.loop(), [self = shared_from_this()] { self->stopping_ = true; });
}

// ---- BlueZ ----

void Core::onReady() {
    if (stopping_) return;
    agent_.enter(service_);
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
    units_.clear();
    endAll(v1::DISCONNECT_BLUEZ_GONE, "BlueZ has gone", "");
    refreshProblems();
}

void Core::onChange(const Change& change) {
    if (stopping_) return;
    if (change.interface == kAdapter1) {
        onAdapterChange(change);
    } else if (change.interface == kDevice1) {
        onDeviceChange(change);
    }
    for (auto& [address, device] : devices_) {
        const auto talk = device.conversation;
        if (talk &&
            (change.path == talk->link->device() || isBelow(change.path, talk->link->device())))
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
    auto failed = [this](BluetoothAddress address, const Error& error) {
        onFailed(address, error);
    };
    auto unit = std::make_unique<AdapterUnit>(service_, *view, options_.connectTimeout, clock_,
                                              log_.part(view->name), failed);
    auto& added = *unit;
    units_[path] = std::move(unit);
    added.refresh();
}

void Core::removeAdapter(const std::string& path) {
    if (units_.erase(path) == 0) return;
    log_.warning("adapter {} has gone", path.substr(path.rfind('/') + 1));
    endAll(v1::DISCONNECT_ADAPTER_GONE, "the adapter has gone", path);
}

void Core::onAdapterChange(const Change& change) {
    if (change.kind == Change::Kind::removed) {
        removeAdapter(change.path);
    } else if (change.kind == Change::Kind::added) {
        addAdapter(change.path);
    } else if (const auto unit = units_.find(change.path); unit != units_.end()) {
        unit->second->onChange(change);
    }
    refreshProblems();
}

// ---- devices ----

void Core::onDeviceChange(const Change& change) {
    if (change.kind == Change::Kind::removed) {
        endLink(change.path, v1::DISCONNECT_LINK_LOST, "BlueZ has removed the device");
        return;
    }
    const auto view = deviceView(service_.tree(), change.path);
    if (!view) return;
    if (const auto connected = dbus::property<bool>(change.properties, "Connected"))
        *connected ? onConnected(*view) : onDisconnected(*view);
    if (view->rssiDbm && isAdvertisement(change)) onSighting(*view);
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
    return devices_.emplace(settings.address, Device(settings)).first->second;
}

void Core::onSighting(const DeviceView& view) {
    const auto unit = units_.find(view.adapter);
    if (unit == units_.end()) return;
    unit->second->countAdvertisement();
    auto* device = admit(view, true);
    if (device == nullptr) return;
    const auto now = clock_.steady();
    if (now - std::exchange(device->seen, now) > kAdvertisingGap) device->advertisesSince = now;
    device->presence.onSeen(now);
    device->rssiDbm = view.rssiDbm;
    device->adapter = unit->second->name();
    updateAvailability(*device);
    const bool strong = *view.rssiDbm >= options_.signalFloorDbm;
    const bool quiet = now < device->quietUntil;
    if (strong && !quiet && !view.connected && !device->conversation && sink_.isOpen())
        unit->second->connector().want(view.address, device->advertisesSince);
}

void Core::onConnected(const DeviceView& view) {
    const auto unit = units_.find(view.adapter);
    if (unit == units_.end()) return;
    unit->second->connector().onConnected(view.address);
    auto* device = admit(view, false);
    if (device != nullptr && !device->conversation) begin(*device, view);
}

void Core::onDisconnected(const DeviceView& view) {
    endLink(view.path, v1::DISCONNECT_BY_DEVICE, "the device has disconnected");
    const auto unit = units_.find(view.adapter);
    if (unit != units_.end()) unit->second->connector().onDisconnected(view.address);
}

void Core::onFailed(BluetoothAddress address, const Error& error) {
    const auto found = devices_.find(address);
    if (found == devices_.end()) return;
    log_.info("device {}: {}", found->second.settings.id, error.message);
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

asio::awaitable<v1::CommandResult> BluezAdapter::execute(v1::Command) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_REFUSED);
    result.set_refusal(v1::REFUSAL_NOT_SUPPORTED);
    result.set_final(true);
    result.set_text("no command for a device exists in this release");
    co_return result;
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

}  // namespace vitalgate::bluez
