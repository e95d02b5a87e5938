#include "gateway/base/base32.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;

TEST_CASE("base 32 gives the examples of RFC 4648 in lower case, without padding") {
    CHECK(toBase32(asBytes("")).empty());
    CHECK(toBase32(asBytes("f")) == "my");
    CHECK(toBase32(asBytes("fo")) == "mzxq");
    CHECK(toBase32(asBytes("foo")) == "mzxw6");
    CHECK(toBase32(asBytes("foob")) == "mzxw6yq");
    CHECK(toBase32(asBytes("fooba")) == "mzxw6ytb");
    CHECK(toBase32(asBytes("foobar")) == "mzxw6ytboi");
}

TEST_CASE("base 32 uses letters and the digits 2 to 7 for all five-bit values") {
    Bytes octets;
    for (unsigned value = 0; value < 32; value += 8) {
        std::uint64_t group = 0;
        for (unsigned i = 0; i < 8; ++i) group = group << 5 | (value + i);
        for (unsigned shift = 40; shift > 0; shift -= 8) {
            octets.push_back(static_cast<std::uint8_t>(group >> (shift - 8)));
        }
    }
    CHECK(toBase32(octets) == "abcdefghijklmnopqrstuvwxyz234567");
}
