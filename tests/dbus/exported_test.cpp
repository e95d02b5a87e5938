#include "gateway/dbus/exported.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>

#include "gateway/dbus/connection.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/run_until.hpp"

using namespace vitalgate;
using namespace vitalgate::dbus;
using namespace std::chrono_literals;
using vitalgate::testing::PrivateBus;
using vitalgate::testing::runUntil;

namespace {

/// An object with two properties below an object manager, and a client that looks at it.
struct Served {
    PrivateBus bus;
    asio::io_context loop;
    SystemClock clock{loop};
    std::unique_ptr<Connection> server = *Connection::open(bus.address(), clock, Log());
    std::unique_ptr<Connection> client = *Connection::open(bus.address(), clock, Log());
    bool powered = false;
    std::function<Value()> address = [] { return Value("00:11:22:33:44:55"); };
    std::vector<Signal> signals;
    Match match;
    std::unique_ptr<ExportedObject> object;

    Served() {
        REQUIRE(server->addObjectManager("/"));
        auto added = client->match("type='signal',sender='" + server->uniqueName() + "'",
                                   [this](const Signal& signal) { signals.push_back(signal); });
        REQUIRE(added);
        match = std::move(*added);
        auto made = server->exportObject("/org/bluez/hci0", interfaces());
        REQUIRE(made);
        object = std::move(*made);
    }
    std::vector<Interface> interfaces() {
        auto set = [this](const Value& value) -> std::optional<RemoteError> {
            if (!*value.get<bool>()) return RemoteError{"org.bluez.Error.Busy", "in use"};
            powered = true;
            return std::nullopt;
        };
        Property power{"Powered", "b", [this] { return Value(powered); }, set};
        Property name{"Address", "s", [this] { return address(); }, nullptr};
        return {{"org.bluez.Adapter1", {}, {std::move(power), std::move(name)}, {}}};
    }
    Reply call(std::string path, std::string interface, std::string method, Values arguments) {
        std::optional<Reply> reply;
        client->call({server->uniqueName(), std::move(path), std::move(interface),
                      std::move(method), std::move(arguments)},
                     5s, [&reply](Reply got) { reply = std::move(got); });
        REQUIRE(runUntil(loop, [&reply] { return reply.has_value(); }));
        return *reply;
    }
    Reply properties(std::string method, Values arguments) {
        return call("/org/bluez/hci0", "org.freedesktop.DBus.Properties", std::move(method),
                    std::move(arguments));
    }
};

}  // namespace

TEST_CASE("properties are read and written, and a refused write keeps its name") {
    Served served;
    auto reply = served.properties("GetAll", {"org.bluez.Adapter1"});
    REQUIRE(reply);
    auto all = toProperties(reply->at(0));
    REQUIRE(all);
    CHECK(property<std::string>(*all, "Address") == "00:11:22:33:44:55");
    CHECK(property<bool>(*all, "Powered") == false);

    CHECK(served.properties("Set", {"org.bluez.Adapter1", "Powered", variantOf(true)}));
    CHECK(served.powered);
    reply = served.properties("Set", {"org.bluez.Adapter1", "Powered", variantOf(false)});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().name == "org.bluez.Error.Busy");
    CHECK_FALSE(served.properties("Set", {"org.bluez.Adapter1", "Address", variantOf("x")}));
    CHECK_FALSE(served.properties("Set", {"org.bluez.Adapter1", "Powered", variantOf("x")}));
}

TEST_CASE("a getter that throws or gives another type is an error for the one who asked") {
    Served served;
    served.address = []() -> Value { throw std::runtime_error("no address"); };
    CHECK_FALSE(served.properties("Get", {"org.bluez.Adapter1", "Address"}));
    served.address = [] { return Value(7.0); };
    CHECK_FALSE(served.properties("Get", {"org.bluez.Adapter1", "Address"}));
    CHECK(served.properties("Get", {"org.bluez.Adapter1", "Powered"}));
}

TEST_CASE("the object manager lists objects, and tells who comes and goes and what changes") {
    Served served;
    auto reply = served.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", {});
    REQUIRE(reply);
    const auto objects = toProperties(reply->at(0));
    REQUIRE(objects);
    CHECK(objects->contains("/org/bluez/hci0"));

    served.object->announce();
    served.powered = true;
    served.object->propertiesChanged("org.bluez.Adapter1", {"Powered"});
    served.object->withdraw();
    REQUIRE(runUntil(served.loop, [&served] { return served.signals.size() == 3; }));
    CHECK(served.signals[0].member == "InterfacesAdded");
    CHECK(served.signals[1].member == "PropertiesChanged");
    CHECK(served.signals[2].member == "InterfacesRemoved");
    const auto changed = toProperties(served.signals[1].arguments.at(1));
    REQUIRE(changed);
    CHECK(property<bool>(*changed, "Powered") == true);
    const auto gone = toTexts(served.signals[2].arguments.at(1));
    CHECK(std::ranges::find(gone, "org.bluez.Adapter1") != gone.end());
}

TEST_CASE("a path is served once at a time, and again after the object was dropped") {
    Served served;
    CHECK_FALSE(served.server->exportObject("/org/bluez/hci0", served.interfaces()));
    CHECK_FALSE(served.server->exportObject("no path", served.interfaces()));
    served.object.reset();
    CHECK(served.properties("Get", {"org.bluez.Adapter1", "Powered"}).error().kind ==
          ErrorKind::notFound);
    auto again = served.server->exportObject("/org/bluez/hci0", served.interfaces());
    REQUIRE(again);
    CHECK(served.properties("Get", {"org.bluez.Adapter1", "Powered"}));
}
