#include "adapters/session/waiting_values.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::session;
using namespace std::chrono_literals;

namespace {

Value valueOf(std::uint16_t characteristic, Bytes bytes) {
    Value value;
    value.handle = "/org/bluez/hci0/dev/service/char";
    value.characteristic = Uuid(characteristic);
    value.bytes = std::move(bytes);
    value.received.wall = WallTime{1795420800s + 123456789ns};
    value.received.trust = ClockTrust::unsynchronised;
    value.received.boot = 4294967295U;
    value.received.uptime = SteadyTime{90s + 1ns};
    return value;
}

}  // namespace

TEST_CASE("values come back from their text with all but their handle") {
    const std::vector values{valueOf(0x2A18, {0x12, 0x01, 0x00}), valueOf(0x2A34, {}),
                             valueOf(0x2A9C, Bytes(512, 0xAB))};
    const auto back = valuesFrom(toText(values));
    // A value without octets has no field for them.
    REQUIRE(back.size() == 3);
    for (std::size_t i = 0; i < back.size(); ++i) {
        CHECK(back[i].characteristic == values[i].characteristic);
        CHECK(back[i].bytes == values[i].bytes);
        CHECK(back[i].handle.empty());
        CHECK(back[i].received.wall == values[i].received.wall);
        CHECK(back[i].received.trust == values[i].received.trust);
        CHECK(back[i].received.boot == values[i].received.boot);
        CHECK(back[i].received.uptime == values[i].received.uptime);
    }
    CHECK(toText({}).empty());
    CHECK(valuesFrom("").empty());
}

TEST_CASE("a characteristic of a maker keeps its long name") {
    auto value = valueOf(0, {1});
    value.characteristic = *Uuid::parse("f0cd1401-95da-4f4b-9ac8-aa55d312af0c");
    const auto back = valuesFrom(toText({value}));
    REQUIRE(back.size() == 1);
    CHECK(back[0].characteristic == value.characteristic);
}

TEST_CASE("an odd line is left out, and no other") {
    const auto whole = toText({valueOf(0x2A18, {1, 2})});
    const auto line = whole.substr(0, whole.size() - 1);
    REQUIRE(valuesFrom(line).size() == 1);
    for (const auto& odd :
         {std::string(), std::string(" "), std::string("x"), "x" + line, line + "x",
          line.substr(0, line.rfind(' ')), std::string("2A18 0 1 1 1 1"),
          std::string("2A18 0g 1 1 1 1"), std::string("2A18 01 1 1 -1 1"),
          std::string("2A18 01 99999999999999999999 1 1 1")}) {
        CAPTURE(odd);
        CHECK(valuesFrom(odd + "\n").empty());
        CHECK(valuesFrom(whole + odd + "\n" + whole).size() == 2);
    }
}
