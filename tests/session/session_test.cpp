#include "adapters/session/session.hpp"

#include <doctest/doctest.h>

#include "tests/session/conversation.hpp"

using namespace vitalgate;
using namespace vitalgate::testing;

namespace {

std::string timeOf(const google::protobuf::Timestamp& time) {
    return formatUtc(fromTimestamp(time));
}

bool contains(const std::vector<std::string>& lines, std::string_view text) {
    return std::ranges::any_of(lines, [&](const auto& line) { return line.contains(text); });
}

}  // namespace

TEST_CASE("a device is asked in the order that real devices want") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    CHECK(c.link->calls() == std::vector<std::string>{"discover", "read 2A29", "read 2A24",
                                                      "read 2A26", "read 2A19", "read 2A49",
                                                      "read 2A2B", "subscribe 2A35"});
}

TEST_CASE("a clock that is off is written before measurements are asked for") {
    Conversation c;
    c.addCuff(-1h);
    c.start();
    REQUIRE(c.link->calls().size() == 10);
    // 2026-11-23T08:00:00, Monday, no fraction, adjusted from an external reference.
    CHECK(c.link->calls()[7] == "write 2A2B ea070b17080000010002");
    CHECK(c.link->calls()[8] == "read 2A2B");
    CHECK(c.link->calls()[9] == "subscribe 2A35");
    REQUIRE(c.sink.events.size() == 1);
    const auto& event = c.sink.events.front();
    CHECK(event.device() == "cuff");
    CHECK(event.clock().step_ms() == 3600000);
    CHECK(event.clock().device_clock().ahead_ms() == -3600000);
    CHECK(event.clock().device_clock().set_after());
    CHECK_FALSE(c.sink.bookmarks["clock-offset"].empty());
}

TEST_CASE("a value becomes a reading that is complete but for its id") {
    Conversation c;
    c.settings.subjects.slots = {{1, "p-4711"}};
    c.settings.address = *BluetoothAddress::parse("C4:7C:8D:6A:12:34");
    c.addCuff(0s);
    c.start();
    c.clock.advance(3s);
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    const auto& [reading, identity, amends] = c.sink.readings.front();
    CHECK(reading.id().empty());
    CHECK(reading.device() == "cuff");
    CHECK(reading.kind() == "blood-pressure");
    CHECK(reading.device_time() == "2026-11-23T08:00:00");
    CHECK(timeOf(reading.measured()) == "2026-11-23T08:00:00.000Z");
    CHECK(reading.time_basis() == v1::TIME_DEVICE);
    CHECK(reading.utc_offset_min() == 0);
    CHECK(timeOf(reading.received().time()) == "2026-11-23T08:00:03.000Z");
    CHECK(reading.received().clock() == v1::CLOCK_SYNCHRONISED);
    CHECK(reading.device_clock().has_compared());
    CHECK(reading.subject() == "p-4711");
    CHECK(reading.subject_basis() == v1::SUBJECT_SLOT);
    CHECK(reading.user_slot() == 1);
    CHECK(reading.observations_size() == 4);
    CHECK(reading.source().profile() == "blood-pressure");
    CHECK(reading.source().link() == v1::LINK_OPEN);
    CHECK(reading.source().adapter() == "hci0");
    CHECK(reading.source().rssi_dbm() == -61);
    CHECK(reading.source().raw(0).characteristic() == "2A35");
    CHECK(toHex(asBytes(reading.source().raw(0).value())) == toHex(*fromHex(kPressure)));
    CHECK(identity.address == c.settings.address);
    CHECK(identity.characteristic == Uuid(0x2A35));
    CHECK(identity.deviceTime == "2026-11-23T08:00:00");
    CHECK(identity.payload == *fromHex(kPressure));
    CHECK(c.session->values() == 1);
}

TEST_CASE("without raw payloads a reading has none, an event still has") {
    Conversation c;
    c.options.raw = false;
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, kPressure);
    c.link->send(0x2A35, kFailed);
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.source().raw_size() == 0);
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].refused().source().raw_size() == 1);
}

TEST_CASE("the hub leaves the end of the connection to the device, and that is a success") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.link->send(0x2A35, kPressure);
    c.clock.advance(9min);
    CHECK_FALSE(c.ended);
    CHECK_FALSE(c.link->wasCalled("disconnect"));
    c.endLink();
    CHECK(c.succeeded());
    CHECK(c.session->reason() == v1::DISCONNECT_UNSPECIFIED);
    CHECK_FALSE(c.link->wasCalled("disconnect"));
    CHECK(c.clock.pendingTimers() == 0);
}

TEST_CASE("a device that says nothing for the idle limit is left, counted from its last value") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.clock.advance(6min);
    c.link->send(0x2A35, kPressure);
    c.clock.advance(10min - 1ms);
    CHECK_FALSE(c.ended);
    c.clock.advance(1ms);
    CHECK(c.succeeded());
    CHECK(c.link->wasCalled("disconnect"));
    CHECK(c.session->reason() == v1::DISCONNECT_BY_HUB);
}

TEST_CASE("values that arrive before the subscription is answered are kept") {
    Conversation c;
    c.addCuff(0s);
    c.link->sendAt("subscribe 2A35", 0x2A35, kPressure);
    c.start();
    CHECK(c.sink.readings.size() == 1);
}

TEST_CASE("values of a bonded device that sends and leaves before anything was asked are kept") {
    Conversation c;
    c.addCuff(0s);
    c.link->sendAt("read 2A29", 0x2A35, kPressure);
    c.link->on("read 2A29", Reply::disconnect());
    c.start();
    CHECK(c.error() ==
          "device cuff: read device information: Manufacturer Name String: the device "
          "ended the connection");
    REQUIRE(c.sink.readings.size() == 1);
    CHECK(c.sink.readings[0].reading.source().profile() == "blood-pressure");
}

TEST_CASE("a measurement that failed, and octets that are none, become events with the octets") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.link->send(0x2A35, kFailed);
    c.link->send(0x2A35, kCutOff);
    c.link->send(0x2A35, "");
    c.clock.run();
    CHECK(c.sink.readings.empty());
    REQUIRE(c.sink.events.size() == 3);
    const auto& failed = c.sink.events[0];
    CHECK(failed.device() == "cuff");
    CHECK(failed.severity() == v1::SEVERITY_WARNING);
    CHECK(failed.text() == "measurement refused: failed");
    CHECK(failed.refused().reason() == v1::REFUSED_FAILED);
    CHECK(failed.refused().kind() == "blood-pressure");
    CHECK(failed.refused().device_time() == "2026-11-23T08:00:00");
    CHECK(failed.refused().user_slot() == 1);
    CHECK(failed.refused().source().adapter() == "hci0");
    CHECK(asBytes(failed.refused().source().raw(0).value()).size() == fromHex(kFailed)->size());
    const auto& cut = c.sink.events[1];
    CHECK(cut.refused().reason() == v1::REFUSED_TRUNCATED);
    CHECK(cut.refused().octet() == 3);
    CHECK(cut.refused().field().contains("diastolic"));
    CHECK(cut.refused().kind() == "blood-pressure");
    CHECK(c.sink.events[2].refused().reason() == v1::REFUSED_TRUNCATED);
}

TEST_CASE("a value of a characteristic that no profile knows is refused, not dropped") {
    Conversation c;
    c.addBloodPressure();
    c.link->addCharacteristic(0x2ABC, "n");
    c.start();
    c.link->send(0x2ABC, "0102");
    c.clock.run();
    REQUIRE(c.sink.events.size() == 1);
    CHECK(c.sink.events[0].refused().reason() == v1::REFUSED_UNKNOWN_FORMAT);
    CHECK(c.sink.events[0].refused().source().raw(0).characteristic() == "2ABC");
}

TEST_CASE("intermediate values are neither asked for nor kept") {
    Conversation c;
    c.addBloodPressure();
    c.link->addCharacteristic(0x2A36, "n");
    c.start();
    CHECK_FALSE(c.link->wasCalled("subscribe 2A36"));
    c.link->send(0x2A36, "008000ff07ff07");
    c.clock.run();
    CHECK(c.sink.commits == 0);
}

TEST_CASE("the descriptor says what the device says of itself") {
    Conversation c;
    c.settings.label = "Cuff in the hall";
    c.addCuff(0s);
    c.start();
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    REQUIRE_FALSE(c.sink.descriptors.empty());
    const auto& descriptor = c.sink.descriptors.back();
    CHECK(descriptor.device() == "cuff");
    CHECK(descriptor.label() == "Cuff in the hall");
    CHECK(descriptor.manufacturer() == "Example");
    CHECK(descriptor.model() == "BP-7000");
    CHECK(descriptor.firmware() == "1.4");
    CHECK(descriptor.battery_percent() == 80);
    CHECK(descriptor.profiles_size() == 1);
    CHECK(descriptor.profiles(0) == "blood-pressure");
    CHECK(descriptor.clock_settable());
    CHECK(descriptor.clock().has_compared());
    CHECK(descriptor.address().empty());
    CHECK(descriptor.measures_size() == 4);
    CHECK(descriptor.measures(0).kind() == "blood-pressure");
    CHECK(descriptor.adapter() == "hci0");
}

TEST_CASE("only the kinds that the configuration lists are asked for") {
    Conversation c;
    c.settings.profiles = {"body-temperature"};
    c.addCuff(0s);
    c.link->addService(0x1809);
    c.link->addCharacteristic(0x2A1C, "i");
    c.start();
    CHECK(c.link->wasCalled("subscribe 2A1C"));
    CHECK_FALSE(c.link->wasCalled("subscribe 2A35"));
    CHECK_FALSE(c.link->wasCalled("read 2A49"));
}

TEST_CASE("a device without a measurement for this hub is left, with a sentence") {
    Conversation c;
    c.addInformation();
    c.start();
    CHECK(c.error() == "device cuff: find services: it offers no measurement that this hub reads");
    CHECK(c.ended->error().kind == ErrorKind::unsupported);
    CHECK(c.link->wasCalled("disconnect"));
    CHECK(c.session->reason() == v1::DISCONNECT_BY_HUB);
}

TEST_CASE("the static place of a thermometer and of a heart rate sensor joins each measurement") {
    Conversation c;
    c.link->addService(0x1809);
    c.link->addCharacteristic(0x2A1D, "r", {0x03});
    c.link->addCharacteristic(0x2A1C, "i");
    c.link->addService(0x180D);
    c.link->addCharacteristic(0x2A38, "r", {0x01});
    c.link->addCharacteristic(0x2A37, "n");
    c.start();
    c.link->send(0x2A1C, "006e0100ff");    // 36.6 Cel
    c.link->send(0x2A1C, "046e0100ff09");  // the same, at the tympanum
    c.link->send(0x2A37, "0048");
    c.clock.run();
    REQUIRE(c.sink.readings.size() == 3);
    const auto site = [&](std::size_t n) {
        return c.sink.readings[n].reading.observations(0).body_site().code();
    };
    CHECK_FALSE(site(0).empty());
    CHECK_FALSE(site(1).empty());
    CHECK(site(0) != site(1));
    CHECK_FALSE(site(2).empty());
    CHECK(c.sink.readings[2].reading.time_basis() == v1::TIME_RECEIVED);
    CHECK(c.sink.readings[2].identity.deviceTime.empty());
}

TEST_CASE("texts of a device cannot break a screen, a log or a message") {
    Conversation c;
    c.link->addService(0x180A);
    c.link->addCharacteristic(0x2A29, "r",
                              Conversation::toBytes("A\x1b[31m\n\xff\xc3" + std::string(200, 'x')));
    c.link->addCharacteristic(0x2A25, "r", Conversation::toBytes("SN-1"));
    c.link->addCharacteristic(0x2A23, "r", {1, 2, 3, 4, 5, 6, 7, 8});
    c.addBloodPressure();
    c.start();
    const auto& descriptor = c.sink.descriptors.back();
    CHECK(descriptor.manufacturer().starts_with("A[31m"));
    CHECK(descriptor.manufacturer().size() <= 64 + 2 * 2);
    CHECK(descriptor.serial().empty());
    CHECK(descriptor.system_id().empty());
    CHECK(descriptor.SerializeAsString().size() > 0);
}

TEST_CASE("identifiers of the one device go out only when the configuration says so") {
    Conversation c;
    c.options.plainIdentifiers = true;
    c.settings.address = *BluetoothAddress::parse("C4:7C:8D:6A:12:34");
    c.link->addService(0x180A);
    c.link->addCharacteristic(0x2A25, "r", Conversation::toBytes("SN-1"));
    c.addBloodPressure();
    c.start();
    CHECK(c.sink.descriptors.back().serial() == "SN-1");
    CHECK(c.sink.descriptors.back().address() == "C4:7C:8D:6A:12:34");
}

TEST_CASE("a store that takes nothing ends the conversation before more is asked of the device") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.sink.failure = Error{ErrorKind::unavailable, "intake is closed: the disk is full"};
    c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.error() == "device cuff: keep values: intake is closed: the disk is full");
    CHECK(c.ended->error().kind == ErrorKind::unavailable);
    CHECK(c.link->wasCalled("disconnect"));
    CHECK(c.session->reason() == v1::DISCONNECT_BY_HUB);
}

TEST_CASE("what had arrived when a store takes nothing is counted, each value of it") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.sink.failure = Error{ErrorKind::unavailable, "intake is closed: the disk is full"};
    for (int i = 0; i < 5; ++i) c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK_FALSE(c.succeeded());
    CHECK(c.sink.readings.empty());
    CHECK(c.session->unkept() == 5);
}

TEST_CASE("a conversation that breaks says of what kind, and counts what it had taken") {
    Conversation c;
    c.addCuff(0s);
    c.start();
    c.sink.isOutOfMemory = true;
    for (int i = 0; i < 5; ++i) c.link->send(0x2A35, kPressure);
    c.clock.run();
    CHECK(c.error().starts_with("device cuff: the conversation broke: "));
    CHECK(c.error().find("bad_alloc") != std::string::npos);
    CHECK(c.session->unkept() == 5);
    CHECK(c.session->reason() == v1::DISCONNECT_BY_HUB);
    CHECK(c.clock.pendingTimers() == 0);
}

TEST_CASE("a conversation goes on from what earlier ones have found out") {
    Conversation c;
    c.addBloodPressure();
    v1::DeviceDescriptor known;
    known.set_device("cuff");
    known.set_model("BP-7000");
    known.set_battery_percent(80);
    c.session = std::make_shared<session::Session>(c.link, c.clock, c.sink, c.settings, c.options,
                                                   Log(), known);
    CHECK(c.session->descriptor().model() == "BP-7000");
    CHECK(c.session->descriptor().battery_percent() == 80);
}

TEST_CASE("a store that takes nothing when the clock is set ends it before the subscription") {
    Conversation c;
    c.addCuff(-1h);
    c.sink.failure = Error{ErrorKind::unavailable, "intake is closed"};
    c.start();
    CHECK(c.error() == "device cuff: compare clock: keep values: intake is closed");
    CHECK_FALSE(c.link->wasCalled("subscribe"));
}

TEST_CASE("the next value waits for the commit of the one before") {
    Conversation c;
    c.addBloodPressure();
    c.sink.slow = 100ms;
    c.start();
    c.link->send(0x2A35, kPressure);
    c.link->send(0x2A35, kPressure);
    c.clock.advance(150ms);
    CHECK(c.sink.readings.size() == 1);
    c.clock.advance(100ms);
    CHECK(c.sink.readings.size() == 2);
}

TEST_CASE("a quirk is chosen by what the device says, and stands in its readings") {
    Conversation c;
    c.link->setAdvertisedName("A&D_UC-352BLE_123456");
    c.addBloodPressure();
    c.start();
    c.link->send(0x2A35, kPressure);
    c.endLink();
    CHECK(c.sink.readings.at(0).reading.source().quirk() == "and-scale");
    CHECK(c.sink.descriptors.back().quirk() == "and-scale");
    CHECK(c.session->reconnectDelay() == 15s);
}

TEST_CASE("no value, address or person stands in the log") {
    Conversation c;
    c.settings.subjects.slots = {{1, "p-4711"}};
    c.settings.address = *BluetoothAddress::parse("C4:7C:8D:6A:12:34");
    c.addCuff(-1h);
    c.start();
    c.link->send(0x2A35, kPressure);
    c.link->send(0x2A35, kCutOff);
    c.endLink();
    CHECK(contains(c.lines, "device cuff: clock set"));
    for (const auto* secret : {"128", "p-4711", "C4:7C", "800052"}) {
        CHECK_FALSE(contains(c.lines, secret));
    }
}
