#include <doctest/doctest.h>

#include "gateway/base/byte_reader.hpp"
#include "gateway/base/bytes.hpp"

using namespace vitalgate;

TEST_CASE("hexadecimal reads with separators in both cases and round-trips") {
    CHECK(*fromHex("1E 80:00-52") == Bytes{0x1e, 0x80, 0x00, 0x52});
    CHECK(fromHex("")->empty());
    CHECK(toHex(Bytes{0x00, 0xff, 0x0a}) == "00ff0a");
}

TEST_CASE("what is not hexadecimal is refused with its place") {
    CHECK(fromHex("1e8").error().message.find("character 3") != std::string::npos);
    CHECK(fromHex("1g").error().message.find("character 1") != std::string::npos);
    CHECK(fromHex("1e 8 0").error().message.find("character 4") != std::string::npos);
    CHECK_FALSE(fromHex(std::string(2 * 64 * 1024 + 2, '0')));
    CHECK(fromHex(std::string(2 * 64 * 1024, '0')));
}

TEST_CASE("the reader takes little-endian fields front to back") {
    const Bytes bytes{0x01, 0x02, 0x03, 0xff, 0xff, 0x04, 0x05, 0x06, 0x07, 0x80};
    ByteReader reader(bytes);
    CHECK(reader.u8("a") == 1);
    CHECK(reader.u16("b") == 0x0302);
    CHECK(reader.s16("c") == -1);
    CHECK(reader.u32("d") == 0x07060504);
    CHECK(reader.s8("e") == -128);
    CHECK(reader.remaining() == 0);
    CHECK_FALSE(reader.failure());
}

TEST_CASE("the first field that does not fit fails the reader for good") {
    const Bytes bytes{0x16, 0x80};
    ByteReader reader(bytes);
    CHECK(reader.u8("flags") == 0x16);
    CHECK(reader.u16("systolic") == 0);
    CHECK(reader.u8("rest") == 0);
    CHECK(reader.remaining() == 0);
    REQUIRE(reader.failure());
    CHECK(reader.failure()->message() ==
          "systolic: needs octets 1 to 2, the value has only 2 octets");
}

TEST_CASE("what the writer puts the reader takes") {
    const auto bytes = ByteWriter().u8(7).u16(0x1234).u24(0x56789a).u32(0xdeadbeef).bytes();
    ByteReader reader(bytes);
    CHECK(reader.u8("") == 7);
    CHECK(reader.u16("") == 0x1234);
    CHECK(reader.u24("") == 0x56789a);
    CHECK(reader.u32("") == 0xdeadbeef);
}
