#include "adapters/simulator/encode.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::simulator;

TEST_CASE("a medical float of 16 bits keeps the decimals that were shown") {
    CHECK(sfloat({128, 0}) == 0x0080);
    CHECK(sfloat({36.6, 1}) == 0xf16e);
    CHECK(sfloat({2.0, 1}) == 0xf014);
    CHECK(sfloat({2.0, 2}) == 0xe0c8);
    CHECK(sfloat({-0.1, 1}) == 0xffff);
    CHECK(sfloat({0, 0}) == 0x0000);
}

TEST_CASE("what does not fit gives up decimals, then becomes an infinity") {
    CHECK(sfloat({205.5, 2}) == 0x00ce);
    CHECK(sfloat({3000, 0}) == 0x112c);
    CHECK(sfloat({2045, 0}) == 0x07fd);
    CHECK(sfloat({2046, 0}) == 0x10cd);
    CHECK(sfloat({1e12, 0}) == 0x07fe);
    CHECK(sfloat({-1e12, 0}) == 0x0802);
}

TEST_CASE("special values have their own words") {
    CHECK(sfloat({0, 0, Special::notANumber}) == 0x07ff);
    CHECK(sfloat({0, 0, Special::notAtThisResolution}) == 0x0800);
    CHECK(sfloat({0, 0, Special::positiveInfinity}) == 0x07fe);
    CHECK(sfloat({0, 0, Special::negativeInfinity}) == 0x0802);
    CHECK(float32({0, 0, Special::notANumber}) == 0x007fffff);
    CHECK(float32({0, 0, Special::notAtThisResolution}) == 0x00800000);
    CHECK(float32({0, 0, Special::positiveInfinity}) == 0x007ffffe);
    CHECK(float32({0, 0, Special::negativeInfinity}) == 0x00800002);
}

TEST_CASE("a medical float of 32 bits") {
    CHECK(float32({34.11, 2}) == 0xfe000d53);
    CHECK(float32({36.6, 1}) == 0xff00016e);
    CHECK(float32({-40, 0}) == 0x00ffffd8);
}

TEST_CASE("times") {
    ByteWriter out;
    putDateTime(out, {2026, 11, 23, 8, 14, 5});
    CHECK(toHex(out.bytes()) == "ea070b17080e05");
    // The 23rd of November 2026 is a Monday.
    CHECK(toHex(currentTime({2026, 11, 23, 8, 14, 5}, 128, 1)) == "ea070b17080e05018001");
    CHECK(toHex(currentTime({2026, 11, 22, 8, 14, 5}, 0, 0)) == "ea070b16080e05070000");
}

TEST_CASE("a field in steps of its unit") {
    CHECK(scaled16(79.96, 0.005) == 15992);
    CHECK(scaled16(-1, 0.005) == 0);
    CHECK(scaled16(1000, 0.005) == 0xffff);
}
