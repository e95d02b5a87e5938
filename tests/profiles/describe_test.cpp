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
          R"({"refused":"no-contact","field":"flags","kind":"heart-rate"})");
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

}  // namespace vitalgate::testing
