#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

TEST_CASE("each string has the name of its descriptor field") {
    const std::string text = "41264442502d31";  // "A&DBP-1"
    CHECK(json(0x2A29, text) == R"({"manufacturer":"A&DBP-1"})");
    CHECK(json(0x2A24, text) == R"({"model":"A&DBP-1"})");
    CHECK(json(0x2A25, text) == R"({"serial":"A&DBP-1"})");
    CHECK(json(0x2A26, text) == R"({"firmware":"A&DBP-1"})");
    CHECK(json(0x2A27, text) == R"({"hardware":"A&DBP-1"})");
    CHECK(json(0x2A28, text) == R"({"software":"A&DBP-1"})");
}

TEST_CASE("padding of a string goes, its inner spaces stay") {
    CHECK(json(0x2A24, "41 20 42 20 20 00 00 43") == R"({"model":"A B"})");
    CHECK(json(0x2A24, "00") == R"({"model":""})");
    CHECK(json(0x2A24, "") == R"({"model":""})");
}

TEST_CASE("a string is valid UTF-8 without control characters, whatever the device sent") {
    CHECK(json(0x2A24, "c3a9") == "{\"model\":\"\xC3\xA9\"}");
    CHECK(json(0x2A24, "e282ac f09f9880") == "{\"model\":\"\xE2\x82\xAC\xF0\x9F\x98\x80\"}");
    CHECK(json(0x2A24, "41 ff 42") == "{\"model\":\"A\xEF\xBF\xBD\x42\"}");
    CHECK(json(0x2A24, "41 c3") == "{\"model\":\"A\xEF\xBF\xBD\"}");
    // An overlong slash, half a surrogate pair, and a character beyond the last one.
    CHECK(json(0x2A24, "c0af") == "{\"model\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}");
    CHECK(json(0x2A24, "eda080") == "{\"model\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}");
    CHECK(json(0x2A24, "f4908080").find("\xF4") == std::string::npos);
    CHECK(json(0x2A24, "41 1b 5b 32 4a 7f c285 42") == R"({"model":"A[2JB"})");
}

TEST_CASE("a string longer than any attribute is refused") {
    const Bytes longest(512, 'A');
    CHECK(spec(0x2A24).decode(longest, {}));
    const Bytes longer(513, 'A');
    const auto error = decodeError(0x2A24, longer);
    CHECK(error.reason == v1::REFUSED_MALFORMED);
    CHECK(error.message == "end: the value has 513 octets, no value has more than 512");
}

TEST_CASE("a system id is written high octet first") {
    CHECK(json(0x2A23, "3412cdefab007856") == R"({"systemId":"567800abefcd1234"})");
    checkPrefixes(0x2A23, octets("3412cdefab007856"));
    checkTrailing(0x2A23, octets("3412cdefab007856"));
}

TEST_CASE("a PnP id has vendor, product and version") {
    const auto value = sample({
        {"01", "vendor id of the Bluetooth SIG"},
        {"6900", "vendor 105"},
        {"1004", "product 1040"},
        {"0302", "version 515"},
    });
    CHECK(json(0x2A50, toHex(value)) ==
          R"({"vendorIdSource":"bluetooth","vendorId":105,"productId":1040,"productVersion":515})");
    CHECK(json(0x2A50, "02690010040302").starts_with(R"({"vendorIdSource":"usb")"));
    CHECK(json(0x2A50, "09690010040302").starts_with(R"({"vendorIdSource":"unknown")"));
    checkPrefixes(0x2A50, value);
    checkTrailing(0x2A50, value);
}

TEST_CASE("regulatory data are passed on as they are") {
    CHECK(json(0x2A2A, "000200120201") == R"({"regulatory":["000200120201"]})");
}

TEST_CASE("a battery level is a percentage from 0 to 100") {
    CHECK(json(0x2A19, "00") == R"({"batteryPercent":0})");
    CHECK(json(0x2A19, "64") == R"({"batteryPercent":100})");
    CHECK(json(0x2A19, "65") == "2A19: battery level: octet 0 says more than 100 percent");
    checkPrefixes(0x2A19, octets("64"));
    checkTrailing(0x2A19, octets("50"));
    checkBitFlips(0x2A19, octets("50"));
}

}  // namespace vitalgate::testing
