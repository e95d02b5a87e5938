#include "gateway/base/identifier.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;

TEST_CASE("an identifier is 1 to 64 characters that are safe in a topic, a path and a log") {
    CHECK(isIdentifier("hub-7f3a"));
    CHECK(isIdentifier(std::string(64, 'a')));
    for (const auto* bad : {"", "a/b", "a+b", "#", "a b", "ä", "$SYS/x", "a\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(isIdentifier(bad));
    }
    CHECK_FALSE(isIdentifier(std::string(65, 'a')));
    CHECK_FALSE(isIdentifier(std::string_view("a\0b", 3)));
}

TEST_CASE("a Bluetooth address reads in either case and is written as BlueZ writes it") {
    const auto address = BluetoothAddress::parse("c4:7c:8d:6a:12:34");
    REQUIRE(address);
    CHECK(address->text() == "C4:7C:8D:6A:12:34");
    CHECK(*address == *BluetoothAddress::parse("C4:7C:8D:6A:12:34"));
    CHECK(*address != *BluetoothAddress::parse("C4:7C:8D:6A:12:35"));
    for (const auto* bad : {"", "C4:7C:8D:6A:12", "C4:7C:8D:6A:12:34:56", "C47C8D6A1234",
                            "C4-7C-8D-6A-12-34", "G4:7C:8D:6A:12:34", "C4:7C:8D:6A:12:3 "}) {
        CAPTURE(bad);
        const auto refused = BluetoothAddress::parse(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("write six octets") != std::string::npos);
    }
}

TEST_CASE("a UUID reads short and long, and knows the Bluetooth SIG's numbers") {
    const auto shortForm = Uuid::parse("2A35");
    const auto longForm = Uuid::parse("00002A35-0000-1000-8000-00805F9B34FB");
    REQUIRE(shortForm);
    REQUIRE(longForm);
    CHECK(*shortForm == *longForm);
    CHECK(*Uuid::parse("0x2a35") == *shortForm);
    CHECK(shortForm->text() == "00002a35-0000-1000-8000-00805f9b34fb");
    CHECK(shortForm->shortText() == "2A35");
    CHECK(shortForm->assigned() == 0x2A35);

    const auto own = Uuid::parse("10002a35-0000-1000-8000-00805f9b34fb");
    REQUIRE(own);
    CHECK(own->assigned() == 0);
    CHECK(own->shortText() == "10002a35-0000-1000-8000-00805f9b34fb");
    for (const auto* bad :
         {"", "2A3", "2A355", "2A3G", "0x", "00002a35000010008000-00805f9b34fb"}) {
        CAPTURE(bad);
        CHECK_FALSE(Uuid::parse(bad));
    }
}
