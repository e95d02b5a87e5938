#include "adapters/simulator/peripheral_advertisement.hpp"

namespace vitalgate::simulator::peripheral {

namespace {

using namespace std::chrono_literals;

const std::string kAdvertisement = "org.bluez.LEAdvertisement1";
const std::string kManager = "org.bluez.LEAdvertisingManager1";
constexpr Duration kChangeEvery = 500ms;
constexpr Duration kLimit = 5s;

}  // namespace

Advertisement::Advertisement(dbus::Connection& connection, Stack& stack, Clock& clock,
                             const DeviceSettings& settings, std::vector<Uuid> services, Log log)
    : connection_(connection),
      stack_(stack),
      clock_(clock),
      settings_(settings),
      services_(std::move(services)),
      log_(std::move(log)) {}

Status Advertisement::serve() {
    const auto release = [this](const dbus::Call& call) {
        call.reply();
        if (state_ == State::on) state_ = State::off;
    };
    dbus::Interface interface{kAdvertisement, {}, properties(), {}};
    interface.methods = {{"Release", "", "", whileAlive(alive_, release)}};
    auto object = connection_.exportObject(kPath, {std::move(interface)});
    if (!object) return std::unexpected(object.error());
    object_ = std::move(*object);
    return {};
}

std::vector<dbus::Property> Advertisement::properties() {
    std::vector<std::string> uuids;
    for (const auto& uuid : services_) uuids.push_back(uuid.text());
    const auto& name = settings_.information.name;
    std::vector<dbus::Property> out{
        {"Type", "s", [] { return dbus::Value("peripheral"); }, nullptr},
        {"Discoverable", "b", [] { return dbus::Value(true); }, nullptr},
        {"ServiceUUIDs", "as", [uuids] { return dbus::stringArray(uuids); }, nullptr},
        {"LocalName", "s", [name] { return dbus::Value(name); }, nullptr},
        {"ManufacturerData", "a{qv}", [this] { return manufacturerData(); }, nullptr}};
    if (!settings_.advertise.serviceData.empty()) {
        out.push_back({"ServiceData", "a{sv}", [this] { return serviceData(); }, nullptr});
    }
    return out;
}

dbus::Value Advertisement::manufacturerData() const {
    dbus::Dict out{"q", "v", {}};
    for (const auto& [company, octets] : settings_.advertise.manufacturerData) {
        out.entries.emplace_back(company, dbus::variantOf(octets));
    }
    const auto counter = ByteWriter{}.u16(counter_).bytes();
    static_assert(sizeof(counter_) == kCounterOctets);
    out.entries.emplace_back(kCounterCompany, dbus::variantOf(counter));
    return out;
}

dbus::Value Advertisement::serviceData() const {
    dbus::Dict out{"s", "v", {}};
    for (const auto& [uuid, octets] : settings_.advertise.serviceData) {
        out.entries.emplace_back(uuid.text(), dbus::variantOf(octets));
    }
    return out;
}

void Advertisement::show() {
    wanted_ = true;
    const auto now = clock_.steady();
    if (now - changed_ < kChangeEvery) return;
    if (state_ == State::off) {
        changed_ = now;
        return registerNow();
    }
    if (state_ != State::on) return;
    changed_ = now;
    ++counter_;
    object_->propertiesChanged(kAdvertisement, {"ManufacturerData"});
}

void Advertisement::hide(std::function<void()> done) {
    wanted_ = false;
    hidden_ = std::move(done);
    if (state_ == State::on) return unregisterNow();
    if (state_ == State::off && hidden_) std::exchange(hidden_, nullptr)();
}

void Advertisement::ask(const std::string& method, dbus::Values arguments,
                        Stack::Answered handler) {
    const auto answered = [handler = std::move(handler),
                           alive = std::weak_ptr(alive_)](const dbus::Reply& reply) {
        if (!alive.expired()) handler(reply);
    };
    stack_.call(stack_.adapterPath(), kManager, method, std::move(arguments), kLimit, answered);
}

void Advertisement::registerNow() {
    state_ = State::registering;
    ask("RegisterAdvertisement", {dbus::ObjectPath{kPath}, dbus::Dict{}},
        [this](const dbus::Reply& reply) { registered(reply); });
}

void Advertisement::registered(const dbus::Reply& reply) {
    // A registration whose answer came too late stands.
    if (reply || reply.error().name == "org.bluez.Error.AlreadyExists") {
        told_ = false;
        state_ = State::on;
        if (!wanted_) unregisterNow();
        return;
    }
    state_ = State::off;
    if (!std::exchange(told_, true)) {
        log_.error("BlueZ does not advertise it: {}", reply.error().message);
    }
    if (hidden_) std::exchange(hidden_, nullptr)();
}

/// Whatever BlueZ answers: what it does not know is not on the air.
void Advertisement::unregisterNow() {
    state_ = State::unregistering;
    ask("UnregisterAdvertisement", {dbus::ObjectPath{kPath}},
        [this](const dbus::Reply&) { unregistered(); });
}

void Advertisement::unregistered() {
    state_ = State::off;
    changed_ = {};
    if (hidden_) std::exchange(hidden_, nullptr)();
}

}  // namespace vitalgate::simulator::peripheral
