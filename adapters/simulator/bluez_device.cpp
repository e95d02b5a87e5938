#include "adapters/simulator/bluez_device.hpp"

#include <algorithm>

#include "adapters/simulator/bluez_errors.hpp"

namespace vitalgate::simulator::bluez {

namespace {

const std::string kDevice = "org.bluez.Device1";
constexpr int kPairingExchanges = 6;
/// How late the objects come when ServicesResolved comes too early.
constexpr auto kObjectsLate = std::chrono::milliseconds{300};

std::string pathOf(const std::string& adapter, const BluetoothAddress& address) {
    auto text = address.text();
    std::ranges::replace(text, ':', '_');
    return fmt::format("{}/dev_{}", adapter, text);
}

std::uint32_t abortsOf(const BluezSettings& settings, const std::string& device) {
    const auto found = settings.abortConnect.find(device);
    return found == settings.abortConnect.end() ? 0 : found->second;
}

dbus::Value manufacturerData(const AdvertiseSettings& settings) {
    dbus::Dict out{"q", "v", {}};
    for (const auto& [company, octets] : settings.manufacturerData) {
        out.entries.emplace_back(company, dbus::variantOf(octets));
    }
    return out;
}

dbus::Value serviceData(const AdvertiseSettings& settings) {
    dbus::Dict out{"s", "v", {}};
    for (const auto& [uuid, octets] : settings.serviceData) {
        out.entries.emplace_back(uuid.text(), dbus::variantOf(octets));
    }
    return out;
}

}  // namespace

DeviceObject::DeviceObject(Host& host, Agents& agents, Device& device, Parent parent)
    : host_(host),
      agents_(agents),
      device_(device),
      parent_(std::move(parent)),
      path_(pathOf(parent_.path, device.settings().address)),
      later_(host.clock()),
      alias_(device.settings().information.name),
      rssi_(signal()),
      aborts_(abortsOf(host.settings(), device.name())) {
    object_ = host_.serve(path_, interfaces());
    restartVanishing();
}

DeviceObject::~DeviceObject() {
    gatt_.reset();
    host_.remove(object_);
}

dbus::Interface DeviceObject::deviceInterface() {
    const auto method = [this](std::string name, void (DeviceObject::*handler)(const dbus::Call&)) {
        return host_.method(std::move(name), "", "",
                            [this, handler](auto call) { (this->*handler)(call); });
    };
    const auto refuse = [](const dbus::Call& call) { call.fail(doesNotExist()); };
    dbus::Interface out{kDevice, {}, {}, {}};
    out.methods = {
        method("Connect", &DeviceObject::connect), method("Disconnect", &DeviceObject::disconnect),
        method("Pair", &DeviceObject::pair), host_.method("CancelPairing", "", "", refuse)};
    out.properties = {
        property("Address", "s", [this] { return device_.settings().address.text(); }),
        property("AddressType", "s",
                 [this] { return device_.settings().randomAddress ? "random" : "public"; }),
        property("Alias", "s", [this] { return alias_; }),
        property("Adapter", "o", [this] { return dbus::ObjectPath{parent_.path}; }),
        property("Paired", "b", [this] { return bonded_; }),
        property("Bonded", "b", [this] { return bonded_; }),
        property("LegacyPairing", "b", [] { return false; }),
        property("Connected", "b", [this] { return connected_; }),
        property("ServicesResolved", "b", [this] { return resolved_; }),
        property("UUIDs", "as", [this] {
            std::vector<std::string> texts;
            for (const auto& uuid : knownServices()) texts.push_back(uuid.text());
            return dbus::stringArray(texts);
        })};
    addAdvertisedProperties(out.properties);
    return out;
}

void DeviceObject::addAdvertisedProperties(std::vector<dbus::Property>& out) {
    const auto writable = [](std::string name, bool& flag) {
        const auto set = [&flag](const dbus::Value& value) -> std::optional<dbus::RemoteError> {
            flag = *value.get<bool>();
            return std::nullopt;
        };
        return dbus::Property{std::move(name), "b", [&flag] { return dbus::Value(flag); }, set};
    };
    out.push_back(writable("Trusted", trusted_));
    out.push_back(writable("Blocked", blocked_));
    out.push_back(property("RSSI", "n", [this] { return rssi_; }));
    const auto& settings = device_.settings();
    if (!settings.information.name.empty() && settings.advertise.connectable) {
        out.push_back(property("Name", "s", [&settings] { return settings.information.name; }));
    }
    if (!settings.advertise.manufacturerData.empty()) {
        out.push_back(property("ManufacturerData", "a{qv}",
                               [&settings] { return manufacturerData(settings.advertise); }));
    }
    if (!settings.advertise.serviceData.empty()) {
        out.push_back(property("ServiceData", "a{sv}",
                               [&settings] { return serviceData(settings.advertise); }));
    }
}

std::vector<dbus::Interface> DeviceObject::interfaces() {
    std::vector<dbus::Interface> out{deviceInterface()};
    if (everResolved_ && device_.settings().battery) {
        dbus::Interface battery{"org.bluez.Battery1", {}, {}, {}};
        battery.properties = {
            property("Percentage", "y", [this] { return *device_.settings().battery; })};
        out.push_back(std::move(battery));
    }
    return out;
}

std::vector<Uuid> DeviceObject::knownServices() const {
    if (!everResolved_) return device_.advertisedServices();
    std::vector<Uuid> out;
    for (const auto& service : device_.database().services()) out.push_back(service.uuid);
    return out;
}

void DeviceObject::changed(const std::vector<std::string>& names) {
    host_.changed(object_.get(), kDevice, names);
}

void DeviceObject::restartVanishing() {
    if (!temporary_) return vanish_.cancel();
    vanish_ = host_.clock().after(host_.settings().vanishAfter, [this] {
        const auto vanished = parent_.vanished;  // it destroys this
        vanished(*this);
    });
}

std::int16_t DeviceObject::signal() const {
    return static_cast<std::int16_t>(device_.signalDbm() - parent_.attenuationDb);
}

void DeviceObject::heard(bool duplicateData) {
    restartVanishing();
    std::vector<std::string> names;
    const auto now = signal();
    if (std::exchange(rssi_, now) != now) names.emplace_back("RSSI");
    const auto& advertise = device_.settings().advertise;
    if (duplicateData && !advertise.manufacturerData.empty())
        names.emplace_back("ManufacturerData");
    if (duplicateData && !advertise.serviceData.empty()) names.emplace_back("ServiceData");
    if (!names.empty()) changed(names);
}

void DeviceObject::discoveryStopped() {
    host_.invalidated(object_.get(), kDevice, "RSSI");
}

void DeviceObject::advertised() {
    if (!opening_.empty()) {
        tryLink();
    } else if (connectsByItself()) {
        openLink([](const std::optional<dbus::RemoteError>&) {});
    }
}

/// The kernel connects to a bonded device by itself, discovery or not, when some client has a
/// profile for it.
bool DeviceObject::connectsByItself() const {
    return bonded_ && autoConnect_ && !connected_ && parent_.connectsByItself(knownServices());
}

void DeviceObject::connect(const dbus::Call& call) {
    if (!parent_.isPowered()) return call.fail(notReady());
    if (connected_) return call.reply();
    if (!opening_.empty()) return call.fail(inProgress());
    autoConnect_ = true;
    openLink([call](const std::optional<dbus::RemoteError>& error) {
        if (error) return call.fail(*error);
        call.reply();
    });
}

/// Waits, if it must, for the device to advertise: the controller's own limit is 20 s.
void DeviceObject::openLink(Done done) {
    temporary_ = false;
    restartVanishing();
    opening_.push_back(std::move(done));
    if (opening_.size() > 1) return;
    openLimit_ = host_.clock().after(host_.settings().connectTimeout,
                                     [this] { linkFailed(connectionAborted()); });
    if (device_.isAdvertising()) tryLink();
}

void DeviceObject::tryLink() {
    if (std::exchange(tries_, true)) return;
    later_.after(host_.settings().connectAfter, [this] {
        tries_ = false;
        if (opening_.empty() || connected_) return;
        if (aborts_ > 0) {
            --aborts_;
            return linkFailed(connectionAborted());
        }
        linkOpened();
    });
}

void DeviceObject::linkFailed(const dbus::RemoteError& error) {
    openLimit_.cancel();
    for (auto waiting = std::exchange(opening_, {}); const auto& done : waiting) done(error);
}

void DeviceObject::linkOpened() {
    connected_ = true;
    if (!device_.connect()) {
        connected_ = false;  // it has stopped advertising meanwhile: wait for the next packet
        return;
    }
    if (!connected_) return;  // it has ended the link at once: linkClosed() has answered
    ++link_;
    openLimit_.cancel();
    changed({"Connected"});
    if (bonded_ && !device_.encrypt()) keysDoNotFit();
    if (device_.settings().pairing.asks) securityRequested();
    for (auto waiting = std::exchange(opening_, {}); const auto& done : waiting) done(std::nullopt);
    resolveServices();
}

/// The device has lost the bond: the kernel ends the link, and BlueZ still shows it as paired.
void DeviceObject::keysDoNotFit() {
    later_.after(host_.settings().answerAfter, [this, link = link_] {
        if (connected_ && link == link_) dropLink("by-hub");
    });
}

void DeviceObject::resolveServices() {
    const auto& never = host_.settings().neverResolve;
    if (std::ranges::find(never, device_.name()) != never.end()) return;
    later_.after(host_.settings().servicesResolvedAfter, [this, link = link_] {
        if (!connected_ || link != link_) return;
        device_.resolved();
        if (!connected_) return;
        servicesResolved();
    });
}

void DeviceObject::servicesResolved() {
    const auto serveObjects = [this] {
        if (!gatt_) gatt_ = std::make_unique<GattObjects>(host_, *this, device_, path_);
        gatt_->rearm();
    };
    everResolved_ = true;
    if (!host_.settings().resolvedTooEarly) serveObjects();
    if (!connected_) return;
    resolved_ = true;
    changed({"UUIDs", "ServicesResolved"});
    if (!host_.settings().resolvedTooEarly) return;
    later_.after(kObjectsLate, [this, serveObjects, link = link_] {
        if (connected_ && link == link_) serveObjects();
    });
}

void DeviceObject::disconnect(const dbus::Call& call) {
    if (!connected_ && opening_.empty()) return call.fail(notConnected());
    autoConnect_ = trusted_;  // a device that is not trusted then waits for a Connect()
    later_.after(host_.settings().answerAfter, [this, call] {
        dropLink("by-hub");
        call.reply();
    });
}

void DeviceObject::dropLink(std::string_view reason) {
    if (connected_) device_.disconnect(reason);
    forgetLink();
}

void DeviceObject::linkClosed() {
    forgetLink();
}

void DeviceObject::forgetLink() {
    if (!opening_.empty()) {
        connected_ = false;
        linkFailed(connectionAborted());
    }
    if (!bonding_.empty()) bondEnded(authenticationCanceled());
    if (!connected_) return;
    connected_ = false;
    std::vector<std::string> names{"Connected"};
    if (std::exchange(resolved_, false)) names.insert(names.begin(), "ServicesResolved");
    changed(names);
}

void DeviceObject::exchange(const std::string& client, Operation operation, Done done) {
    later_.after(host_.settings().answerAfter, [this, client, operation, done, link = link_] {
        if (!connected_ || link != link_) return done(fromAtt(AttError::unlikely));
        const auto error = operation();
        if (!error) return done(std::nullopt);
        const bool pairs = *error == AttError::insufficientAuthentication &&
                           host_.settings().pairOnDemand && !bonded_ && bonding_.empty();
        if (!pairs) return done(fromAtt(*error));
        bond(client, [this, operation, done](const std::optional<dbus::RemoteError>& failure) {
            const auto again = failure || !connected_
                                   ? std::optional(AttError::insufficientAuthentication)
                                   : operation();
            done(again ? std::optional(fromAtt(*again)) : std::nullopt);
        });
    });
}

void DeviceObject::arrived(const Characteristic& characteristic, const Bytes& value,
                           std::uint64_t number) {
    const auto deliver = [this, &characteristic, value, number, link = link_] {
        if (!connected_ || link != link_) return;
        const auto read = [device = &device_, number, &characteristic] {
            device->taken(number, characteristic);
        };
        if (gatt_) gatt_->arrived(characteristic, value, read);
        device_.confirmed();
    };
    later_.after(host_.settings().answerAfter, deliver);
}

void DeviceObject::clientVanished(const std::string& client) {
    if (gatt_) gatt_->clientVanished(client);
}

void DeviceObject::pair(const dbus::Call& call) {
    if (!parent_.isPowered()) return call.fail(notReady());
    if (bonded_) return call.fail(alreadyExists());
    if (!bonding_.empty()) return call.fail(inProgress());
    const Done answer = [call](const std::optional<dbus::RemoteError>& error) {
        if (error) return call.fail(*error);
        call.reply();
    };
    if (connected_) return bond(call.sender(), answer);
    openLink([this, call, answer](const std::optional<dbus::RemoteError>& error) {
        if (error) return answer(error);
        bond(call.sender(), answer);
    });
}

void DeviceObject::bond(const std::string& client, Done done) {
    bonding_.push_back(std::move(done));
    if (bonding_.size() > 1) return;
    bondingClient_ = client;
    temporary_ = false;
    restartVanishing();
    later_.after(host_.settings().answerAfter * kPairingExchanges, [this, link = link_] {
        if (!bonding_.empty() && link == link_) askAgent();
    });
}

/// About a pairing without a passkey BlueZ asks only if the device has begun it.
void DeviceObject::askAgent() {
    const auto isOver = [this, link = link_, alive = std::weak_ptr(alive_)] {
        return alive.expired() || bonding_.empty() || link != link_;
    };
    if (device_.settings().pairing.demand == PairingDemand::passkey) {
        return agents_.requestPasskey(bondingClient_, path_,
                                      [this, isOver](std::optional<std::uint32_t> passkey) {
                                          if (!isOver()) bondWith(passkey);
                                      });
    }
    if (!bondingClient_.empty()) return bondWith(std::nullopt);
    agents_.requestAuthorization(bondingClient_, path_, [this, isOver](bool agrees) {
        if (isOver()) return;
        agrees ? bondWith(std::nullopt) : bondEnded(authenticationRejected());
    });
}

/// The device wants a bond before anything else, and hangs up without one.
void DeviceObject::securityRequested() {
    later_.after(host_.settings().answerAfter, [this, link = link_] {
        if (!connected_ || link != link_ || bonded_) return;
        bond("", [this](const std::optional<dbus::RemoteError>& error) {
            if (error && connected_) dropLink("by-device");
        });
    });
}

void DeviceObject::bondWith(std::optional<std::uint32_t> passkey) {
    switch (device_.pair(passkey)) {
        case PairingResult::wrongPasskey:
            return bondEnded(authenticationFailed());
        case PairingResult::refused:
            return bondEnded(authenticationRejected());
        case PairingResult::bonded:
            break;
    }
    bonded_ = true;
    changed({"Bonded", "Paired"});
    bondEnded(std::nullopt);
}

void DeviceObject::bondEnded(std::optional<dbus::RemoteError> error) {
    if (error && error->name == authenticationCanceled().name) agents_.cancel(bondingClient_);
    for (auto waiting = std::exchange(bonding_, {}); const auto& done : waiting) done(error);
}

}  // namespace vitalgate::simulator::bluez
