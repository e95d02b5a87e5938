#include "adapters/session/descriptor.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::session;

TEST_CASE("a device's text is cut at 64 characters, never in the middle of one") {
    CHECK(cleanText("BP-7000") == "BP-7000");
    CHECK(cleanText("") == "");
    CHECK(cleanText(std::string(64, 'x')) == std::string(64, 'x'));
    CHECK(cleanText(std::string(65, 'x')) == std::string(64, 'x'));
    std::string wide;
    for (int i = 0; i < 70; ++i) wide += "\xe2\x82\xac";
    CHECK(cleanText(wide) == wide.substr(0, std::size_t{64} * 3));
    CHECK(cleanText("a\nb\x1b[0m\x7f") == "ab[0m");
    CHECK(cleanText("\xff\xfe") == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(cleanText("\xf0\x9f").size() % 3 == 0);
}

TEST_CASE("a descriptor starts from the configuration") {
    DeviceSettings settings;
    settings.id = "scale";
    settings.admission = v1::ADMISSION_RULE;
    settings.subjects.slots = {{1, "p-1"}, {2, "p-2"}};
    auto descriptor = startDescriptor(settings, false);
    CHECK(descriptor.device() == "scale");
    CHECK(descriptor.label() == "scale");
    CHECK(descriptor.enabled());
    CHECK(descriptor.admission() == v1::ADMISSION_RULE);
    CHECK(descriptor.subjects().at(2) == "p-2");
    CHECK(descriptor.address().empty());
    settings.subjects = {"p-9", {}};
    CHECK(startDescriptor(settings, false).subjects().at(0) == "p-9");
}

TEST_CASE("fields that a descriptor has no place for change nothing") {
    v1::DeviceDescriptor descriptor;
    describeFields({{"vendorId", 12.0},
                    {"deviceTime", std::string("2026")},
                    {"model", 7.0},
                    {"batteryPercent", std::string("full")},
                    {"manufacturer", true}},
                   true, descriptor);
    CHECK(descriptor.SerializeAsString().empty());
}

TEST_CASE("fields go where they belong, identifiers only when allowed") {
    const std::vector<profiles::Field> fields{
        {"manufacturer", std::string("M")}, {"model", std::string("N")},
        {"firmware", std::string("F")},     {"hardware", std::string("H")},
        {"software", std::string("S")},     {"serial", std::string("1")},
        {"systemId", std::string("2")},     {"udi", std::string("3")},
        {"batteryPercent", 55.0},           {"regulatory", std::vector<std::string>{"00"}}};
    v1::DeviceDescriptor keyed;
    describeFields(fields, false, keyed);
    CHECK(keyed.ShortDebugString() ==
          "manufacturer: \"M\" model: \"N\" firmware: \"F\" hardware: \"H\" software: \"S\" "
          "regulatory: \"00\" battery_percent: 55");
    v1::DeviceDescriptor plain;
    describeFields(fields, true, plain);
    CHECK(plain.serial() == "1");
    CHECK(plain.system_id() == "2");
    CHECK(plain.udi() == "3");
}

TEST_CASE("the regulatory list is whole, however long") {
    const std::string list(1024, 'a');
    v1::DeviceDescriptor descriptor;
    describeFields({{"regulatory", std::vector<std::string>{list}}}, false, descriptor);
    REQUIRE(descriptor.regulatory_size() == 1);
    CHECK(descriptor.regulatory(0) == list);
}

TEST_CASE("a measure is described once, with its plausible range, and their number is limited") {
    v1::Reading reading;
    reading.set_kind("body-temperature");
    auto& observation = *reading.add_observations();
    observation.set_code("MDC_TEMP_BODY");
    observation.set_unit("Cel");
    observation.set_decimals(1);
    v1::DeviceDescriptor descriptor;
    CHECK(describeMeasures(reading, descriptor));
    CHECK_FALSE(describeMeasures(reading, descriptor));
    REQUIRE(descriptor.measures_size() == 1);
    CHECK(descriptor.measures(0).code().code() == "MDC_TEMP_BODY");
    CHECK(descriptor.measures(0).unit() == "Cel");
    CHECK(descriptor.measures(0).max() > descriptor.measures(0).min());
    for (int i = 0; i < 200; ++i) {
        reading.mutable_observations(0)->set_code(fmt::format("vitalgate:{}", i));
        describeMeasures(reading, descriptor);
    }
    CHECK(descriptor.measures_size() == 64);
}
