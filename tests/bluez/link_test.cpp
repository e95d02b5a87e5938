#include "adapters/bluez/link.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <cstdlib>

#include "adapters/bluez/names.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/run_until.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using dbus::Call;
using dbus::Value;
using vitalgate::testing::PrivateBus;
using vitalgate::testing::runUntil;

namespace {

const std::string kDevice = "/org/bluez/hci0/dev_C4_7C_8D_6A_12_34";
const std::string kService = kDevice + "/service0010";
const std::string kMeasurement = kService + "/char0011";

/// A BlueZ with one connected device and one characteristic, whose answers the test gives, and a
/// link to that device.
struct Scripted : Service::Listener {
    PrivateBus bus;
    asio::io_context loop;
    SystemClock clock{loop};
    std::unique_ptr<dbus::Connection> bluez = *dbus::Connection::open(bus.address(), clock, Log());
    std::vector<std::unique_ptr<dbus::ExportedObject>> objects;
    bool resolved = true;
    bool notifying = false;
    bool paired = false;
    Bytes value;
    std::function<void(Call)> onCall = [](const Call& call) { call.reply(); };
    std::optional<Call> registered;  ///< RegisterAgent
    std::vector<std::string> refusals;
    std::vector<v1::PairingState> pairing;

    Service service{bus.address(), clock, Log(), *this};
    PairingAgent agent{PairingPolicy::justWorks, 2min, clock, Log(),
                       [this](const std::string& device) { refusals.push_back(device); }};
    std::shared_ptr<BluezLink> link;

    Scripted() {
        REQUIRE(bluez->addObjectManager("/"));
        serveManager();
        serve(kDevice, {kDevice1,
                        {method("Pair", "", ""), method("CancelPairing", "", ""),
                         method("Disconnect", "", "")},
                        {{"Address", "s", [] { return Value("C4:7C:8D:6A:12:34"); }, nullptr},
                         {"Paired", "b", [this] { return Value(paired); }, nullptr},
                         {"ServicesResolved", "b", [this] { return Value(resolved); }, nullptr}},
                        {}});
        name();
        service.start();
        REQUIRE(until([this] { return service.state() == Service::State::ready; }));
        link = std::make_shared<BluezLink>(
            service, agent, kDevice, "hci0", clock, Log(),
            [this](v1::PairingState state) { pairing.push_back(state); });
    }
    ~Scripted() override {
        link->stop();
        service.stop();
        until([] { return false; }, 5ms);
    }

    void onReady() override { agent.enter(service); }
    void onGone() override {}
    void onChange(const Change& change) override { link->onChange(change); }

    dbus::Method method(std::string called, std::string in, std::string out) {
        return {std::move(called), std::move(in), std::move(out),
                [this](const Call& call) { onCall(call); }};
    }
    void serve(const std::string& path, dbus::Interface interface) {
        auto object = bluez->exportObject(path, {std::move(interface)});
        REQUIRE(object);
        (*object)->announce();
        objects.push_back(std::move(*object));
    }
    void serveManager() {
        auto take = [this](Call call) {
            call.reply();
            registered = std::move(call);
        };
        serve(kBluezPath, {kAgentManager1,
                           {{"RegisterAgent", "os", "", take},
                            {"RequestDefaultAgent", "o", "", [](const Call& c) { c.reply(); }}},
                           {},
                           {}});
    }
    void serveGatt() {
        serve(kService, {kGattService1, {}, {text("UUID", Uuid(0x1810).text())}, {}});
        serve(kMeasurement,
              {kGattCharacteristic1,
               {method("ReadValue", "a{sv}", "v"), method("WriteValue", "aya{sv}", ""),
                method("StartNotify", "", "")},
               {text("UUID", Uuid(0x2A35).text()),
                {"Service", "o", [] { return Value(dbus::ObjectPath{kService}); }, nullptr},
                {"Notifying", "b", [this] { return Value(notifying); }, nullptr},
                {"Value", "ay", [this] { return Value(value); }, nullptr},
                {"Flags", "as", [] { return dbus::stringArray({"read", "write", "indicate"}); },
                 nullptr}},
               {}});
    }
    static dbus::Property text(std::string called, std::string content) {
        return {std::move(called), "s", [content] { return Value(content); }, nullptr};
    }
    void send(Bytes bytes) {
        value = std::move(bytes);
        objects.back()->propertiesChanged(kGattCharacteristic1, {"Value"});
    }
    void name() {
        std::optional<Status> taken;
        asio::co_spawn(loop, bluez->requestName("org.bluez", 5s),
                       [&taken](const std::exception_ptr&, Status status) { taken = status; });
        REQUIRE(until([&taken] { return taken.has_value(); }));
        REQUIRE(*taken);
    }
    template <class Predicate>
    bool until(Predicate done, std::chrono::milliseconds limit = 5s) {
        return runUntil(loop, done, limit);
    }
    template <class T>
    T run(asio::awaitable<T> work, std::chrono::milliseconds limit = 5s) {
        std::optional<T> result;
        asio::co_spawn(loop, std::move(work),
                       [&result](const std::exception_ptr&, T got) { result = std::move(got); });
        REQUIRE(until([&result] { return result.has_value(); }, limit));
        return std::move(*result);
    }
    /// With the objects there, and known to the link.
    session::Characteristic discovered() {
        serveGatt();
        auto database = run(link->discover({Uuid(0x1810)}, 5s));
        REQUIRE(database);
        REQUIRE(database->size() == 1);
        REQUIRE(database->front().characteristics.size() == 1);
        return database->front().characteristics.front();
    }
    Bytes next() {
        auto got = run(link->nextValue(2s));
        return got ? got->bytes : Bytes{0xEE};
    }
};

}  // namespace

TEST_CASE("services are waited for until the expected objects are there, not only the flag") {
    Scripted bluez;
    std::optional<Result<session::GattDatabase>> found;
    asio::co_spawn(bluez.loop, bluez.link->discover({Uuid(0x1810)}, 5s),
                   [&found](const std::exception_ptr&, auto got) { found = std::move(got); });
    CHECK_FALSE(bluez.until([&found] { return found.has_value(); }, 300ms));
    bluez.serveGatt();
    REQUIRE(bluez.until([&found] { return found.has_value(); }, 2s));
    REQUIRE(*found);
    CHECK((*found)->front().uuid == Uuid(0x1810));
    CHECK((*found)->front().characteristics.size() == 1);
}

TEST_CASE("services that do not come end at the limit; others that are there are given") {
    Scripted bluez;
    auto nothing = bluez.run(bluez.link->discover({}, 100ms));
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind == ErrorKind::timedOut);
    bluez.serveGatt();
    auto found = bluez.run(bluez.link->discover({Uuid(0x181D)}, 300ms));
    REQUIRE(found);
    CHECK(found->size() == 1);
}

TEST_CASE("values that come before the reply of StartNotify, and twice the same, are all kept") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    bluez.onCall = [&bluez](const Call& call) {
        bluez.send({1});
        bluez.send({2});
        bluez.send({2});
        call.reply();
    };
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    CHECK(bluez.next() == Bytes{1});
    CHECK(bluez.next() == Bytes{2});
    CHECK(bluez.next() == Bytes{2});
    CHECK(bluez.run(bluez.link->nextValue(50ms)).error().kind == ErrorKind::timedOut);
}

TEST_CASE("values that BlueZ brings before anybody subscribed wait for the subscription") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    bluez.notifying = true;
    bluez.send({7});
    CHECK(bluez.run(bluez.link->nextValue(100ms)).error().kind == ErrorKind::timedOut);
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    CHECK(bluez.next() == Bytes{7});
}

TEST_CASE("a characteristic that notifies already counts as subscribed") {
    Scripted bluez;
    bluez.notifying = true;
    const auto measurement = bluez.discovered();
    bluez.onCall = [](const Call& call) { call.fail({"org.bluez.Error.InProgress", "busy"}); };
    CHECK(bluez.run(bluez.link->subscribe(measurement, 5s)));
    bluez.send({9});
    CHECK(bluez.next() == Bytes{9});
}

TEST_CASE("a refused StartNotify keeps BlueZ's reason, and its values are not taken") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    bluez.onCall = [](const Call& call) {
        call.fail({"org.bluez.Error.Failed", "Operation failed with ATT error: 0x05"});
    };
    const auto refused = bluez.run(bluez.link->subscribe(measurement, 5s));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::authentication);
}

TEST_CASE("the value that a read brings is not taken for a measurement, others meanwhile are") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    bluez.onCall = [&bluez](const Call& call) {
        bluez.send({5});
        bluez.send({80});
        call.reply({dbus::variantOf(Bytes{80})});
    };
    const auto read = bluez.run(bluez.link->read(measurement, 5s));
    REQUIRE(read);
    CHECK(*read == Bytes{80});
    CHECK(bluez.next() == Bytes{5});
    CHECK(bluez.run(bluez.link->nextValue(50ms)).error().kind == ErrorKind::timedOut);
}

TEST_CASE("a flood is kept up to the limit, the rest is counted") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    for (std::size_t i = 0; i < BluezLink::kMaxValues + 100; ++i)
        bluez.send({static_cast<std::uint8_t>(i)});
    CHECK(bluez.until([&bluez] { return bluez.link->droppedValues() == 100; }));
    CHECK(bluez.next() == Bytes{0});
}

TEST_CASE("a reply of another type is an error, and a write says its type") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    bluez.onCall = [](const Call& call) { call.reply({dbus::variantOf("no octets")}); };
    const auto read = bluez.run(bluez.link->read(measurement, 5s));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::malformed);
    std::string type;
    bluez.onCall = [&type](const Call& call) {
        const auto options = dbus::toProperties(call.arguments().at(1));
        type = dbus::property<std::string>(*options, "type").value_or("");
        call.reply();
    };
    CHECK(bluez.run(bluez.link->write(measurement, {1, 2}, 5s)));
    CHECK(type == "request");
}

TEST_CASE("a call that BlueZ never answers ends at its limit") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    std::vector<Call> kept;
    bluez.onCall = [&kept](Call call) { kept.push_back(std::move(call)); };
    const auto read = bluez.run(bluez.link->read(measurement, 100ms));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::timedOut);
}

TEST_CASE("every wait ends with the link, and values that came before it still come") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    bluez.send({3});
    bluez.until([] { return false; }, 50ms);
    std::vector<Call> kept;
    bluez.onCall = [&](Call call) {
        kept.push_back(std::move(call));
        bluez.link->end(Error{ErrorKind::disconnected, "the device has disconnected"});
    };
    CHECK(bluez.run(bluez.link->read(measurement, 60s)).error().kind == ErrorKind::disconnected);
    CHECK(bluez.next() == Bytes{3});
    CHECK(bluez.run(bluez.link->nextValue(60s)).error().kind == ErrorKind::disconnected);
    CHECK(bluez.run(bluez.link->discover({}, 60s)).error().kind == ErrorKind::disconnected);
    bluez.link->stop();
    CHECK(bluez.run(bluez.link->nextValue(60s)).error().kind == ErrorKind::cancelled);
    CHECK(bluez.run(bluez.link->disconnect(60s)).error().kind == ErrorKind::cancelled);
}

namespace {

/// What the agent answers when BlueZ asks with that method about that device.
dbus::Reply ask(Scripted& bluez, dbus::Connection& from, const std::string& method,
                const std::string& device) {
    std::optional<dbus::Reply> reply;
    dbus::Values arguments{dbus::ObjectPath{device}};
    if (method == "RequestConfirmation") arguments.emplace_back(std::uint32_t{123456});
    const auto* path = bluez.registered->arguments().at(0).get<dbus::ObjectPath>();
    dbus::Request request{bluez.registered->sender(), path->text, kAgent1, method, arguments};
    from.call(std::move(request), 5s, [&reply](dbus::Reply got) { reply = std::move(got); });
    REQUIRE(bluez.until([&reply] { return reply.has_value(); }));
    return *reply;
}

}  // namespace

TEST_CASE("the agent agrees only while a window is open, and only for the device of the window") {
    Scripted bluez;
    REQUIRE(bluez.until([&bluez] { return bluez.registered.has_value(); }));
    CHECK(*bluez.registered->arguments().at(1).get<std::string>() == "NoInputNoOutput");
    auto& own = *bluez.bluez;
    auto refused = ask(bluez, own, "RequestAuthorization", kDevice);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().name == "org.bluez.Error.Rejected");
    CHECK(bluez.refusals.size() == 1);

    REQUIRE(bluez.agent.openWindow(kDevice));
    CHECK(ask(bluez, own, "RequestAuthorization", kDevice));
    CHECK_FALSE(ask(bluez, own, "RequestAuthorization", kDevice + "5"));
    CHECK_FALSE(ask(bluez, own, "RequestConfirmation", kDevice));
    CHECK_FALSE(ask(bluez, own, "RequestPasskey", kDevice));
    CHECK(bluez.refusals.size() == 4);
    auto stranger = *dbus::Connection::open(bluez.bus.address(), bluez.clock, Log());
    CHECK_FALSE(ask(bluez, *stranger, "RequestAuthorization", kDevice));
    CHECK(bluez.refusals.size() == 4);
    bluez.agent.closeWindow();
    CHECK_FALSE(ask(bluez, own, "RequestAuthorization", kDevice));
}

TEST_CASE("pairing opens the window for its device, and closes it with its end") {
    Scripted bluez;
    bool open = false;
    bluez.onCall = [&](const Call& call) {
        open = bluez.agent.isOpenFor(kDevice);
        call.reply();
    };
    CHECK(bluez.run(bluez.link->pair(5s)));
    CHECK(open);
    CHECK_FALSE(bluez.agent.isOpenFor(kDevice));
    CHECK(bluez.pairing == std::vector{v1::PAIRING_RUNNING, v1::PAIRING_BONDED});
}

TEST_CASE("a pairing that is not finished in time is cancelled") {
    Scripted bluez;
    std::vector<Call> kept;
    bluez.onCall = [&kept](Call call) { kept.push_back(std::move(call)); };
    const auto late = bluez.run(bluez.link->pair(100ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::timedOut);
    CHECK(bluez.until([&kept] { return kept.size() == 2; }));
    CHECK(kept.back().method() == "CancelPairing");
    CHECK(bluez.pairing.back() == v1::PAIRING_TIMED_OUT);
}

TEST_CASE("a device that asks for a bond which BlueZ has already has forgotten the hub") {
    Scripted bluez;
    bluez.paired = true;
    bluez.objects[1]->propertiesChanged(kDevice1, {"Paired"});
    bluez.until([&bluez] { return bluez.link->security() == v1::LINK_ENCRYPTED; });
    const auto refused = bluez.run(bluez.link->pair(5s));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::authentication);
    CHECK(bluez.pairing == std::vector{v1::PAIRING_PEER_FORGOT});
}

TEST_CASE("a signal of somebody who is not BlueZ is not believed") {
    Scripted bluez;
    const auto measurement = bluez.discovered();
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    // Sent to us alone: the bus delivers that whatever we have asked for, and libsystemd does not
    // know who owns org.bluez.
    const auto command =
        "dbus-send --bus=" + bluez.bus.address() +
        " --type=signal --dest=" + bluez.service.bus()->uniqueName() +
        " / org.freedesktop.DBus.ObjectManager.InterfacesRemoved objpath:" + kMeasurement +
        " array:string:" + kGattCharacteristic1;
    REQUIRE(std::system(command.c_str()) == 0);
    bluez.until([] { return false; }, 100ms);
    CHECK(bluez.service.tree().find(kMeasurement, kGattCharacteristic1) != nullptr);
    bluez.send({1});
    CHECK(bluez.next() == Bytes{1});
}
