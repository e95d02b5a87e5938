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

TEST_CASE("a certification list says what was certified and whether the device is regulated") {
    const auto value = sample({
        {"0002", "two entries, high octet first"},
        {"0012", "of 18 octets"},
        {"0202", "Continua, regulation"},
        {"0002", "2 octets"},
        {"0000", "regulated"},
        {"0201", "Continua, version"},
        {"0008", "8 octets"},
        {"0100", "guidelines 1.0"},
        {"0001 0002", "one class of 2 octets"},
        {"0007", "blood pressure, personal area network"},
    });
    CHECK(json(0x2A2A, toHex(value)) ==
          R"({"regulatory":["continua regulated device","continua version 1.0",)"
          R"("continua certified class 0x0007"]})");
    CHECK(json(0x2A2A, "0002 0014 0201 000a 0205 0002 0004 4007 400f 0202 0002 8000") ==
          R"({"regulatory":["continua version 2.5","continua certified class 0x4007",)"
          R"("continua certified class 0x400f","continua unregulated device"]})");
    checkPrefixes(0x2A2A, value);
    checkBitFlips(0x2A2A, value);
    CHECK(json(0x2A2A, "0000 0000") == R"({"regulatory":[]})");
}

TEST_CASE("an entry that is not known is passed on as it is, beside those that are") {
    const auto regulatory = [](std::string_view hex) {
        return json(0x2A2A, hex).substr(std::string_view(R"({"regulatory":)").size());
    };
    CHECK(regulatory("0002 000b 0101 0001 aa 0202 0002 8000") ==
          R"(["01010001aa","continua unregulated device"]})");
    CHECK(regulatory("0001 0006 0203 0002 8000") == R"(["020300028000"]})");
    CHECK(regulatory("0001 0005 0202 0001 80") == R"(["0202000180"]})");
    CHECK(regulatory("0001 0007 0202 0003 800000") == R"(["02020003800000"]})");
    CHECK(regulatory("0001 0004 0201 0000") == R"(["02010000"]})");
    // A class too few, and one too many.
    CHECK(regulatory("0001 000c 0201 0008 0100 0002 0004 4007") ==
          R"(["020100080100000200044007"]})");
    CHECK(regulatory("0001 000c 0201 0008 0100 0000 0000 4007") ==
          R"(["020100080100000000004007"]})");
}

TEST_CASE("a certification list that does not follow its format is passed on as it is") {
    // Octets left over behind the list, behind its last entry, a list that ends within an entry; a
    // text in the place of a list, and more than any value holds.
    for (const std::string hex :
         {"0002000602020002800000", "00010007020200028000ff", "0001000602020003800000",
          "00010005020200028000", "fe006578706572696d656e74616c", "000101fd0202"}) {
        CAPTURE(hex);
        CHECK(json(0x2A2A, hex) == "{\"regulatory\":[\"" + hex + "\"]}");
    }
    CHECK(decodeError(0x2A2A, Bytes(513, 0)).reason == v1::REFUSED_MALFORMED);
}

TEST_CASE("a certification list that is shorter than it says names field and octets") {
    const auto wrong = [](std::string_view hex) {
        const auto error = decodeError(0x2A2A, octets(hex));
        CHECK(error.reason == v1::REFUSED_TRUNCATED);
        return error.message;
    };
    CHECK(wrong("") == "number of entries: needs octets 0 to 1, the value has only 0 octets");
    CHECK(wrong("00") == "number of entries: needs octets 0 to 1, the value has only 1 octets");
    CHECK(wrong("0002 00") ==
          "length of entries: needs octets 2 to 3, the value has only 3 octets");
    CHECK(wrong("0002 0012 0201") == "entries: needs octets 4 to 21, the value has only 6 octets");
    CHECK(wrong("0000 01fc") == "entries: needs octets 4 to 511, the value has only 4 octets");
    CHECK(wrong("0001 0006 0202 0004 8000") ==
          "entry: needs octets 8 to 11, the value has only 10 octets");
    CHECK(wrong("0002 0006 0202 0002 8000") ==
          "authorising body: needs octet 10, the value has only 10 octets");
}

TEST_CASE("what a certification list consists of can be explained, once") {
    const auto namesOf = [](std::string_view hex) {
        std::vector<FieldSpan> trace;
        profiles::DecodeOptions options;
        options.trace = &trace;
        REQUIRE(spec(0x2A2A).decode(octets(hex), options));
        std::string names;
        for (const auto& span : trace) names += span.field + ";";
        return names;
    };
    CHECK(namesOf("0001 0006 0202 0002 8000") ==
          "number of entries;length of entries;authorising body;structure of entry;"
          "length of entry;entry;");
    CHECK(namesOf("0001 0005 0202 0002 8000") == "regulatory;");
}

TEST_CASE("a unique device identifier is its label") {
    const auto value = sample({
        {"0f", "flags: label, device identifier, issuer, authority"},
        {"283031293132333400", "(01)1234"},
        {"3132333400", "1234"},
        {"312e3300", "1.3"},
        {"312e3400", "1.4"},
    });
    CHECK(json(0x2BFF, toHex(value)) == R"({"udi":"(01)1234","udiDeviceIdentifier":"1234",)"
                                        R"("udiIssuer":"1.3","udiAuthority":"1.4"})");
    checkPrefixes(0x2BFF, value);
    checkTrailing(0x2BFF, value);
    checkBitFlips(0x2BFF, value);
}

TEST_CASE("without a label the device identifier stands for it") {
    CHECK(json(0x2BFF, "02 3132333400") == R"({"udi":"1234","udiDeviceIdentifier":"1234"})");
    CHECK(json(0x2BFF, "03 00 3132333400") == R"({"udi":"1234","udiDeviceIdentifier":"1234"})");
    CHECK(json(0x2BFF, "0c 312e3300 312e3400") == R"({"udiIssuer":"1.3","udiAuthority":"1.4"})");
    CHECK(json(0x2BFF, "00") == "{}");
    CHECK(json(0x2BFF, "f1 4142 00") == R"({"udi":"AB"})");
    CHECK(json(0x2BFF, "01 4142") ==
          "2BFF: end of label: needs octet 3, the value has only 3 octets");
}

}  // namespace vitalgate::testing
