#include "adapters/simulator/peripheral_gatt.hpp"

#include <algorithm>

#include "adapters/simulator/peripheral_stack.hpp"

namespace vitalgate::simulator::peripheral {

namespace {

const std::string kCharacteristic = "org.bluez.GattCharacteristic1";
/// Generic Access and Generic Attribute: BlueZ serves them itself and refuses them in applications.
const Uuid kOfBluez[] = {Uuid{0x1800}, Uuid{0x1801}};

/// A property that never changes.
dbus::Property constant(std::string name, std::string signature, dbus::Value value) {
    return {std::move(name), std::move(signature), [value] { return value; }, nullptr};
}

std::size_t offsetIn(const dbus::Value& options) {
    const auto all = dbus::toProperties(options);
    return all ? dbus::property<std::uint16_t>(*all, "offset").value_or(0) : 0;
}

dbus::RemoteError invalidOffset() {
    return {"org.bluez.Error.InvalidOffset", "Invalid offset"};
}

}  // namespace

std::vector<std::string> flagWords(const Characteristic& characteristic,
                                   const PairingSettings& pairing) {
    const bool isProtected =
        std::ranges::find(pairing.encrypt, characteristic.uuid) != pairing.encrypt.end();
    const std::string prefix = !isProtected                               ? ""
                               : pairing.demand == PairingDemand::passkey ? "encrypt-authenticated-"
                                                                          : "encrypt-";
    std::vector<std::string> out;
    const auto add = [&](bool has, const char* word) {
        if (has) out.push_back(prefix + word);
    };
    add(characteristic.flags.read, "read");
    add(characteristic.flags.write, "write");
    add(characteristic.flags.notify, "notify");
    add(characteristic.flags.indicate, "indicate");
    return out;
}

dbus::RemoteError toBluez(AttError error) {
    switch (error) {
        case AttError::readNotPermitted:
        case AttError::writeNotPermitted:
            return {"org.bluez.Error.NotPermitted", "Not permitted"};
        case AttError::insufficientAuthentication:
            return {"org.bluez.Error.NotAuthorized", "Not authorized"};
        case AttError::requestNotSupported:
            return {"org.bluez.Error.NotSupported", "Not supported"};
        case AttError::invalidLength:
            return {"org.bluez.Error.InvalidValueLength", "Invalid length"};
        default:
            break;
    }
    const auto code = static_cast<unsigned>(error);
    // The errors of applications are read from the text, and nothing else may stand in it.
    if (code >= 0x80 && code <= 0x9f) {
        return {"org.bluez.Error.Failed", fmt::format("0x{:02x}", code)};
    }
    return {"org.bluez.Error.DoesNotExist", "Not possible"};
}

GattApplication::GattApplication(dbus::Connection& connection, const Database& database,
                                 const PairingSettings& pairing, AttributeServer& server)
    : connection_(connection), database_(database), pairing_(pairing), server_(server) {}

Status GattApplication::serve() {
    for (const auto& service : database_.services()) {
        if (std::ranges::find(kOfBluez, service.uuid) != std::end(kOfBluez)) continue;
        if (auto served = serveService(service); !served) return served;
    }
    return {};
}

Status GattApplication::serveService(const Service& service) {
    const auto path = fmt::format("{}/service{:04x}", kPath, service.handle);
    dbus::Interface interface{"org.bluez.GattService1", {}, {}, {}};
    interface.properties = {constant("UUID", "s", service.uuid.text()),
                            constant("Primary", "b", true)};
    auto object = connection_.exportObject(path, {std::move(interface)});
    if (!object) return std::unexpected(object.error());
    services_.push_back(std::move(*object));
    for (const auto& each : service.characteristics) {
        if (auto served = serveCharacteristic(path, each); !served) return served;
    }
    return {};
}

Status GattApplication::serveCharacteristic(const std::string& servicePath,
                                            const Characteristic& own) {
    auto& entry = *entries_.emplace_back(std::make_unique<Entry>());
    entry.characteristic = &own;
    dbus::Interface interface{kCharacteristic, {}, {}, {}};
    interface.methods = methods(entry);
    interface.properties = {constant("UUID", "s", own.uuid.text()),
                            constant("Service", "o", dbus::ObjectPath{servicePath}),
                            constant("Flags", "as", dbus::stringArray(flagWords(own, pairing_)))};
    auto object = connection_.exportObject(fmt::format("{}/char{:04x}", servicePath, own.handle),
                                           {std::move(interface)});
    if (!object) return std::unexpected(object.error());
    entry.object = std::move(*object);
    return {};
}

std::vector<dbus::Method> GattApplication::methods(Entry& entry) {
    const auto guarded = [this, own = &entry](auto handler) {
        return whileAlive(alive_, [own, handler](const dbus::Call& call) { handler(*own, call); });
    };
    const auto confirm = [this](Entry& own, const dbus::Call& call) {
        call.reply();
        server_.confirm(*own.characteristic);
    };
    return {
        {"ReadValue", "a{sv}", "ay", guarded([this](auto& own, auto& call) { read(own, call); })},
        {"WriteValue", "aya{sv}", "", guarded([this](auto& own, auto& call) { write(own, call); })},
        {"StartNotify", "", "",
         guarded([this](auto& own, auto& call) { notify(own, true, call); })},
        {"StopNotify", "", "",
         guarded([this](auto& own, auto& call) { notify(own, false, call); })},
        {"Confirm", "", "", guarded(confirm)}};
}

/// A value that is longer than one packet is asked for in parts.
void GattApplication::read(const Entry& entry, const dbus::Call& call) {
    const auto offset = offsetIn(call.arguments().at(0));
    auto value = server_.read(*entry.characteristic);
    if (!value) return call.fail(toBluez(value.error()));
    if (offset > value->size()) return call.fail(invalidOffset());
    value->erase(value->begin(), value->begin() + static_cast<std::ptrdiff_t>(offset));
    call.reply({std::move(*value)});
}

/// Nothing that our devices take is longer than one packet.
void GattApplication::write(const Entry& entry, const dbus::Call& call) {
    if (offsetIn(call.arguments().at(1)) != 0) return call.fail(invalidOffset());
    const auto* value = call.arguments().at(0).get<Bytes>();
    const auto done = server_.write(*entry.characteristic, *value);
    if (!done) return call.fail(toBluez(done.error()));
    call.reply();
}

void GattApplication::notify(Entry& entry, bool on, const dbus::Call& call) {
    call.reply();
    entry.notifying = on;
    server_.subscribe(*entry.characteristic, on);
}

void GattApplication::send(const Characteristic& characteristic, const Bytes& value) {
    const auto entry = std::ranges::find(entries_, &characteristic,
                                         [](const auto& each) { return each->characteristic; });
    if (entry == entries_.end() || !(*entry)->object) return;
    (*entry)->object->emit(
        "org.freedesktop.DBus.Properties", "PropertiesChanged",
        {kCharacteristic, dbus::variantDict({{"Value", value}}), dbus::stringArray({})});
}

void GattApplication::dropSubscriptions() {
    for (const auto& entry : entries_) {
        if (entry->notifying) send(*entry->characteristic, {});
    }
}

}  // namespace vitalgate::simulator::peripheral
