#include "adapters/profiles/e2e_crc.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

using profiles::e2eCrc;
using profiles::readCrc;
using profiles::withCrc;

TEST_CASE("the CRC gives the check value of its catalogue entry") {
    CHECK(e2eCrc(asBytes("123456789")) == 0x6F91);
}

TEST_CASE("the CRC of the example of the Continuous Glucose Monitoring Service") {
    CHECK(e2eCrc(octets("3e 01 02 03 04 05 06 07 08 09")) == 0x2F01);
}

TEST_CASE("the CRC of nothing is its initial value") {
    CHECK(e2eCrc({}) == 0xFFFF);
}

TEST_CASE("a CRC is appended low octet first, and read again") {
    const auto value = withCrc(octets("3e010203040506070809"));
    CHECK(toHex(value) == "3e010203040506070809012f");
    ByteReader reader(value);
    reader.octets(10, "content");
    CHECK(readCrc(reader, value));
    CHECK(reader.remaining() == 0);
}

TEST_CASE("a CRC may begin behind other octets") {
    const auto value = octets("aabb 3e010203040506070809 012f");
    ByteReader reader(value);
    reader.octets(12, "content");
    CHECK(readCrc(reader, value, 2));
    ByteReader whole(value);
    whole.octets(12, "content");
    CHECK_FALSE(readCrc(whole, value));
}

TEST_CASE("every single wrong bit makes another CRC") {
    auto value = withCrc(octets("3e010203040506070809"));
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
        CAPTURE(bit);
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        value[bit / 8] ^= mask;
        ByteReader reader(value);
        reader.octets(10, "content");
        CHECK_FALSE(readCrc(reader, value));
        value[bit / 8] ^= mask;
    }
}

TEST_CASE("a CRC that is not there is a length fault, not a wrong CRC") {
    const auto value = octets("3e0102 aa");
    ByteReader reader(value);
    reader.octets(3, "content");
    CHECK(readCrc(reader, value));
    REQUIRE(reader.failure());
    CHECK(reader.failure()->field == "E2E-CRC");
}

TEST_CASE("the error of a wrong CRC names its octets") {
    const auto error = profiles::checksumError(10);
    CHECK(error.reason == v1::REFUSED_CHECKSUM);
    CHECK(error.octet == 10);
    CHECK(error.message == "E2E-CRC: octets 10 to 11 are not the CRC of the others");
}

}  // namespace vitalgate::testing
