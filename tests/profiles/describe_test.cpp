#include "adapters/profiles/describe.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

TEST_CASE("a measurement is a reading in the JSON mapping, on one line") {
    CHECK(json(0x2A1C, "066f0100ffea070b17061e0006") ==
          R"({"kind":"body-temperature","deviceTime":"2026-11-23T06:30:00","observations":)"
          R"([{"code":"MDC_TEMP_BODY","mdc":150364,"loinc":"8310-5","value":36.7,"unit":"Cel",)"
          R"("decimals":1,"bodySite":{"code":"MDC_TEMP_ORAL","mdc":188424}}]})");
}

TEST_CASE("a converted value shows what the device said beside it") {
    CHECK(json(0x2A1C, "01da0300ff") ==
          R"({"kind":"body-temperature","observations":[{"code":"MDC_TEMP_BODY","mdc":150364,)"
          R"("loinc":"8310-5","value":37,"unit":"Cel","decimals":2,)"
          R"("reported":{"value":98.6,"decimals":1,"unit":"[degF]"}}]})");
}

TEST_CASE("a refused measurement begins with its reason") {
    CHECK(json(0x2A35, "16ff07ff07ff07e80706170e230aff070000") ==
          R"({"refused":"failed","kind":"blood-pressure","deviceTime":"2024-06-23T14:35:10"})");
    CHECK(json(0x2A37, "0448") ==
          R"({"refused":"no-contact","field":"flags","sensorContact":false,"kind":"heart-rate"})");
    CHECK(json(0x2A9D, "000000") ==
          R"({"refused":"implausible","field":"weight","kind":"weight"})");
}

TEST_CASE("a value that is not final is marked") {
    CHECK(json(0x2A36, "00b400ff07ff07").starts_with(R"({"intermediate":true,"kind":)"));
}

TEST_CASE("a malformed value gives the sentence with characteristic, field and octets") {
    const auto text = profiles::describeAsJson(Uuid(0x2A35), octets("1680"));
    REQUIRE_FALSE(text);
    CHECK(text.error().kind == ErrorKind::malformed);
    CHECK(text.error().message ==
          "2A35: systolic: needs octets 1 to 2, the value has only 2 octets");
    CHECK(json(0x2A35, "00800052006100ff") ==
          "2A35: end: the last field ends before octet 7, the value has 8 octets");
}

TEST_CASE("an unknown characteristic says which ones are known") {
    const auto text = profiles::describeAsJson(Uuid(0x2AFF), octets("00"));
    REQUIRE_FALSE(text);
    CHECK(text.error().kind == ErrorKind::unsupported);
    CHECK(text.error().message.starts_with(
        "2AFF: no profile here decodes this characteristic; write one of 2A08 2A0F "));
    const auto own = *Uuid::parse("0000a35a-1234-1000-8000-00805f9b34fb");
    CHECK_FALSE(profiles::describeAsJson(own, {}));
}

TEST_CASE("what the decoder knows besides the reading stands in front of it") {
    // Sensor contact: known and there, not known.
    CHECK(json(0x2A37, "0648").starts_with(R"({"sensorContact":true,"kind":"heart-rate")"));
    CHECK(json(0x2A37, "0048").starts_with(R"({"kind":"heart-rate")"));
    CHECK(json(0x2A37, "0248").starts_with(R"({"kind":"heart-rate")"));
    // An oximeter whose clock was never set.
    CHECK(json(0x2A5E, "1162004800e10701010a0000").starts_with(R"({"clockNotSet":true,"kind":)"));
    CHECK(json(0x2A9C, "0010fa00").starts_with(R"({"moreFollows":true,"kind":)"));
    CHECK(json(0x2A9C, "0000fa00").starts_with(R"({"kind":)"));
    CHECK(json(0x2AA7, "060078000500")
              .starts_with(R"({"measurements":[{"sessionMinutes":5,"kind":"glucose-continuous")"));
}

TEST_CASE("a field has the digits that the device gave, and a word where it gave no number") {
    CHECK(json(0x2AAC, "0732f0") == R"({"operation":"set-patient-high","limitMgDl":5.0})");
    CHECK(json(0x2AAC, "09ff07") == R"({"operation":"patient-high","limitMgDl":"not-a-number"})");
    CHECK(json(0x2AAC, "090008") ==
          R"({"operation":"patient-high","limitMgDl":"not-at-this-resolution"})");
    CHECK(json(0x2AAC, "18fe07") ==
          R"({"operation":"rise-rate","limitMgDlMin":"positive-infinity"})");
    CHECK(json(0x2AAC, "06ff073c0011dc05030004").find(R"("concentrationMgDl":"not-a-number")") !=
          std::string::npos);
    CHECK(json(0x2A0F, "80ff") == R"({"timeZoneMin":"unknown","daylightSavingMin":"unknown"})");
    CHECK(json(0x2A9A, "ff") == R"({"userIndex":"unknown"})");
    CHECK(json(0x2AAA, "ea070b17080e0580ff").ends_with(R"("utcOffsetMin":"unknown"})"));
    CHECK(json(0x2BED, "02000065").ends_with(R"("batteryPercent":"unknown"})"));
    CHECK(json(0x2A9E, "00000000").find(R"("weightResolutionKg":"unknown")") != std::string::npos);
}

TEST_CASE("a fact that stands in the feature characteristic is part of the measurement") {
    const profiles::DecodeOptions ear{.quirk = "", .feature = octets("03")};
    CHECK(json(0x2A1C, "006f0100ff", ear).find("MDC_TEMP_EAR") != std::string::npos);
    CHECK(json(0x2A1C, "006f0100ff").find("bodySite") == std::string::npos);
    // Where the measurement names its own site, that counts.
    CHECK(json(0x2A1C, "046f0100ff06", ear).find("MDC_TEMP_ORAL") != std::string::npos);
    CHECK(json(0x2A37, "0048", {.quirk = "", .feature = octets("01")}).find("bodySite") !=
          std::string::npos);
}

TEST_CASE("a feature value that cannot be one is told with its field and place") {
    const auto problem = [](std::uint16_t uuid, std::string_view feature) {
        const auto status = profiles::checkFeature(Uuid(uuid), octets(feature));
        return status ? std::string() : status.error().message;
    };
    CHECK(problem(0x2AA7, "000000 59 ffff").empty());
    CHECK(problem(0x2AA7, "0000") ==
          "2AA8: feature: needs octets 0 to 2, the value has only 2 octets");
    CHECK(problem(0x2AA7, "001000 59 0000") ==
          "2AA8: E2E-CRC: octets 4 to 5 are not the CRC of the others");
    CHECK(problem(0x2A9D, "0100").starts_with("2A9E: feature: needs octets 0 to 3"));
    CHECK(problem(0x2A1C, "0303").starts_with("2A1D: end: the last field ends before octet 1"));
    CHECK(problem(0x2A9D, "").starts_with("2A9E: feature: needs octets 0 to 3"));
    CHECK(problem(0x2A19, "00") == "no service of 2A19 has a feature characteristic");
    CHECK(problem(0x2AFF, "00").empty());
    // Of several services; it is enough that it fits one of them.
    CHECK(problem(0x2A52, "0000").empty());
}

}  // namespace vitalgate::testing
