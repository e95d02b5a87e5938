#include "adapters/bluez/link.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/bluez/scripted_bluez.hpp"

using namespace vitalgate;
using namespace vitalgate::bluez;
using namespace std::chrono_literals;
using dbus::Call;
using vitalgate::testing::kDevice;
using vitalgate::testing::kMeasurement;
using vitalgate::testing::ScriptedBluez;

TEST_CASE("services are waited for until the expected objects are there, not only the flag") {
    ScriptedBluez bluez;
    std::optional<Result<session::GattDatabase>> found;
    asio::co_spawn(bluez.loop, bluez.link->discover({Uuid(0x1810)}, 5s),
                   [&found](const std::exception_ptr&, auto got) { found = std::move(got); });
    CHECK_FALSE(bluez.until([&found] { return found.has_value(); }, 300ms));
    bluez.serveGatt();
    REQUIRE(bluez.until([&found] { return found.has_value(); }));
    REQUIRE(*found);
    CHECK((*found)->front().uuid == Uuid(0x1810));
    CHECK((*found)->front().characteristics.size() == 1);
}

TEST_CASE("services that do not come end at the limit; others that are there are given") {
    ScriptedBluez bluez;
    auto nothing = bluez.run(bluez.link->discover({}, 100ms));
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind == ErrorKind::timedOut);
    bluez.serveGatt();
    bluez.arrive();
    auto found = bluez.run(bluez.link->discover({Uuid(0x181D)}, 300ms));
    REQUIRE(found);
    CHECK(found->size() == 1);
}

TEST_CASE("values that come before the reply of StartNotify, and twice the same, are all kept") {
    ScriptedBluez bluez;
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
    ScriptedBluez bluez;
    const auto measurement = bluez.discovered();
    bluez.notifying = true;
    bluez.send({7});
    bluez.arrive();
    CHECK(bluez.run(bluez.link->nextValue(100ms)).error().kind == ErrorKind::timedOut);
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    CHECK(bluez.next() == Bytes{7});
}

TEST_CASE("a characteristic that notifies already counts as subscribed") {
    ScriptedBluez bluez;
    bluez.notifying = true;
    const auto measurement = bluez.discovered();
    bluez.onCall = [](const Call& call) { call.fail({"org.bluez.Error.InProgress", "busy"}); };
    CHECK(bluez.run(bluez.link->subscribe(measurement, 5s)));
    bluez.send({9});
    CHECK(bluez.next() == Bytes{9});
}

TEST_CASE("a refused StartNotify keeps BlueZ's reason, and its values are not taken") {
    ScriptedBluez bluez;
    const auto measurement = bluez.discovered();
    bluez.onCall = [](const Call& call) {
        call.fail({"org.bluez.Error.Failed", "Operation failed with ATT error: 0x05"});
    };
    const auto refused = bluez.run(bluez.link->subscribe(measurement, 5s));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::authentication);
}

TEST_CASE("the value that a read brings is not taken for a measurement, others meanwhile are") {
    ScriptedBluez bluez;
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
    ScriptedBluez bluez;
    const auto measurement = bluez.discovered();
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    for (std::size_t i = 0; i < BluezLink::kMaxValues + 100; ++i)
        bluez.send({static_cast<std::uint8_t>(i)});
    CHECK(bluez.until([&bluez] { return bluez.link->droppedValues() == 100; }));
    CHECK(bluez.next() == Bytes{0});
}

TEST_CASE("a reply of another type is an error, and a write says its type") {
    ScriptedBluez bluez;
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
    ScriptedBluez bluez;
    const auto measurement = bluez.discovered();
    std::vector<Call> kept;
    bluez.onCall = [&kept](Call call) { kept.push_back(std::move(call)); };
    const auto read = bluez.run(bluez.link->read(measurement, 100ms));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::timedOut);
}

TEST_CASE("every wait ends with the link, and values that came before it still come") {
    ScriptedBluez bluez;
    const auto measurement = bluez.discovered();
    REQUIRE(bluez.run(bluez.link->subscribe(measurement, 5s)));
    bluez.send({3});
    bluez.arrive();
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

TEST_CASE("values that wait when BlueZ has gone came over a link as it was last known") {
    // A BlueZ that ends in order, or loses its adapter, takes its objects away first.
    for (const bool isRemoved : {false, true}) {
        for (const bool isBonded : {false, true}) {
            CAPTURE(isRemoved);
            CAPTURE(isBonded);
            ScriptedBluez bluez;
            (void)bluez.discovered();
            CHECK(bluez.link->security() == v1::LINK_OPEN);
            const auto setPaired = [&bluez](bool paired) {
                bluez.paired = paired;
                bluez.deviceObject().propertiesChanged(kDevice1, {"Paired"});
                const auto expected = paired ? v1::LINK_ENCRYPTED : v1::LINK_OPEN;
                REQUIRE(bluez.until([&] { return bluez.link->security() == expected; }));
            };
            setPaired(true);
            if (!isBonded) setPaired(false);
            if (isRemoved) {
                bluez.deviceObject().withdraw();
                const auto isGone = [&bluez] {
                    return !deviceView(bluez.service.tree(), kDevice).has_value();
                };
                REQUIRE(bluez.until(isGone));
            }
            bluez.service.stop();
            CHECK(bluez.link->security() == (isBonded ? v1::LINK_ENCRYPTED : v1::LINK_OPEN));
        }
    }
}

TEST_CASE("a signal of somebody who is not BlueZ is not believed") {
    ScriptedBluez bluez;
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

TEST_CASE("a connection that BlueZ makes and does not signal is known once it is asked for") {
    ScriptedBluez bluez;
    const auto isKnown = [&bluez] { return deviceView(bluez.service.tree(), kDevice)->connected; };
    bluez.service.askConnected(kDevice);
    CHECK_FALSE(bluez.until(isKnown, 50ms));
    bluez.connected = true;  // without PropertiesChanged
    bluez.service.askConnected(kDevice);
    CHECK(bluez.until(isKnown));
}
