#include "adapters/profiles/number_formats.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

namespace vitalgate::profiles {

namespace {
std::string shown(const Number& number) {
    if (!number) return v1::Absent_Name(number.error());
    return fmt::format("{:.{}f}", number->value, number->decimals);
}
}  // namespace

TEST_CASE("a short float keeps the digits of the device") {
    CHECK(shown(shortFloat(0x0080)) == "128");
    CHECK(shown(shortFloat(0xF014)) == "2.0");
    CHECK(shown(shortFloat(0xE0C8)) == "2.00");
    CHECK(shown(shortFloat(0xF488)) == "116.0");
    CHECK(shown(shortFloat(0x1007)) == "70");
    CHECK(shown(shortFloat(0xFFFF)) == "-0.1");
    CHECK(shown(shortFloat(0x0FFF)) == "-1");
    CHECK(shown(shortFloat(0x8001)) == "0.00000001");
    CHECK(shown(shortFloat(0x7001)) == "10000000");
    CHECK(shown(shortFloat(0xF803)) == "-204.5");
}

TEST_CASE("special values of a short float are recognised on the raw word alone") {
    CHECK(shown(shortFloat(0x07FF)) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(shortFloat(0x0800)) == "ABSENT_NOT_AT_THIS_RESOLUTION");
    CHECK(shown(shortFloat(0x07FE)) == "ABSENT_POSITIVE_INFINITY");
    CHECK(shown(shortFloat(0x0802)) == "ABSENT_NEGATIVE_INFINITY");
    CHECK(shown(shortFloat(0x0801)) == "ABSENT_RESERVED_VALUE");
    CHECK(shown(shortFloat(0xF7FF)) == "204.7");
    CHECK(shown(shortFloat(0xF800)) == "-204.8");
    CHECK(shown(shortFloat(0x07FD)) == "2045");
    CHECK(shown(shortFloat(0x0803)) == "-2045");
}

TEST_CASE("a float keeps the digits of the device") {
    CHECK(shown(longFloat(0xFE000D53)) == "34.11");
    CHECK(shown(longFloat(0xFF00016B)) == "36.3");
    CHECK(shown(longFloat(0xFD0002A4)) == "0.676");
    CHECK(shown(longFloat(0x00FFFFFF)) == "-1");
    CHECK(shown(longFloat(0xFF7FFFFF)) == "838860.7");
    CHECK(longFloat(0x7F7FFFFD)->value == 8388605e127);
    CHECK(longFloat(0x80000001)->value == 1e-128);
}

TEST_CASE("special values of a float are recognised on the raw word alone") {
    CHECK(shown(longFloat(0x007FFFFF)) == "ABSENT_NOT_A_NUMBER");
    CHECK(shown(longFloat(0x00800000)) == "ABSENT_NOT_AT_THIS_RESOLUTION");
    CHECK(shown(longFloat(0x007FFFFE)) == "ABSENT_POSITIVE_INFINITY");
    CHECK(shown(longFloat(0x00800002)) == "ABSENT_NEGATIVE_INFINITY");
    CHECK(shown(longFloat(0x00800001)) == "ABSENT_RESERVED_VALUE");
}

TEST_CASE(
    "every short float is a number that prints back to its mantissa, or one of five reasons") {
    int absent = 0;
    for (std::uint32_t raw = 0; raw <= 0xFFFF; ++raw) {
        const auto number = shortFloat(static_cast<std::uint16_t>(raw));
        if (!number) {
            ++absent;
            continue;
        }
        const int mantissa = static_cast<int>(raw & 0x7FFU) - static_cast<int>(raw & 0x800U);
        if (number->decimals == 0) continue;
        auto digits = fmt::format("{:.{}f}", number->value, number->decimals);
        digits.erase(digits.find('.'), 1);
        CHECK(std::stoi(digits) == mantissa);
    }
    CHECK(absent == 5);
}

TEST_CASE("a power of ten moves the point and changes no digit") {
    CHECK(shown(shortFloat(0xB070, 5)) == "112");
    CHECK(shown(shortFloat(0xA465, 5)) == "112.5");
    CHECK(shown(shortFloat(0xC03E, 3)) == "6.2");
    CHECK(shown(shortFloat(0x0002, 3)) == "2000");
    CHECK(shortFloat(0xA465, 5)->value == 112.5);
    CHECK(shown(shortFloat(0x07FF, 5)) == "ABSENT_NOT_A_NUMBER");
}

TEST_CASE("the quick way and the one through text give the same double") {
    for (int exponent = -22; exponent <= 22; ++exponent) {
        CAPTURE(exponent);
        for (const int mantissa : {1, 3, -7, 2047, -2048, 79960, 8388605, -8388605}) {
            CHECK(decimal(mantissa, exponent).value == decimalThroughText(mantissa, exponent));
        }
    }
    CHECK(decimal(8388605, 23).value == 8388605e23);
    CHECK(decimal(8388605, -23).value == 8388605e-23);
    CHECK(decimal(1, -23).decimals == 23);
}

TEST_CASE("a number is written as the short float that shows its digits") {
    CHECK(encodeShortFloat(112, 0) == 0x0070);
    CHECK(encodeShortFloat(6.2, 1) == 0xF03E);
    CHECK(encodeShortFloat(-0.1, 1) == 0xFFFF);
    CHECK(encodeShortFloat(2045, 0) == 0x07FD);
    CHECK(encodeShortFloat(2050, 0) == 0x10CD);
    CHECK(encodeShortFloat(205.00, 2) == 0x00CD);
    CHECK_FALSE(encodeShortFloat(2047, 0));
    CHECK_FALSE(encodeShortFloat(1.234567, 6));
    CHECK_FALSE(encodeShortFloat(1, 9));
    CHECK_FALSE(encodeShortFloat(1e12, 0));
    CHECK_FALSE(encodeShortFloat(std::nan(""), 0));
}

TEST_CASE("a decimal number is the nearest double") {
    CHECK(decimal(363, -1).value == 36.3);
    CHECK(decimal(79960, -3).value == 79.96);
    CHECK(decimal(1, 30).value == 1e30);
    CHECK(decimal(7, -25).value == 7e-25);
    CHECK(decimal(0, -128).value == 0);
}

}  // namespace vitalgate::profiles
