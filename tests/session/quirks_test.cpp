#include "adapters/session/quirks.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace vitalgate::session;
using namespace std::chrono_literals;

TEST_CASE("a device is known by its model or its advertised name; without a row it is strict") {
    struct Row {
        DeviceNames device;
        std::string_view quirk;
        vitalgate::Duration delay;
    };
    const std::array rows{
        Row{{"", "", ""}, "", 10s},
        Row{{"Example", "BP-7000", "cuff"}, "", 10s},
        Row{{"A&D Medical", "UC-352BLE", "A&D_UC-352BLE_A1B2C3"}, "and-scale", 15s},
        Row{{"", "", "A&D_UA-651BLE_A1B2C3"}, "and-device", 15s},
        Row{{"", "", "TAIDOC TD1241"}, "taidoc-td1241", 40s},
        Row{{"", "", "51-102"}, "indie-scale", 23s},
        Row{{"", "", "Philips ear thermometer"}, "philips-ear", 25s},
        Row{{"", "", "SCH740"}, "philips-ear", 25s},
        Row{{"Beurer GmbH", "BM85", ""}, "beurer-bm85", 10s},
        Row{{"Beurer GmbH", "BF720", ""}, "", 10s},
        Row{{"Example", "BM85", ""}, "", 10s},
        Row{{"DETECTO", "7550", ""}, "detecto-7550", 10s},
        Row{{"Cardinal Detecto", "Model 7550", ""}, "detecto-7550", 10s},
        Row{{"Example", "7550", ""}, "", 10s},
        Row{{"Detecto", "", ""}, "", 10s},
    };
    for (const auto& row : rows) {
        CAPTURE(row.device.advertised);
        const auto* chosen = chooseQuirk("", row.device);
        CHECK(chosen->name == row.quirk);
        CHECK(chosen->reconnectDelay == row.delay);
    }
}

TEST_CASE("the configuration names a row, or none, whatever the device says") {
    const DeviceNames scale{"", "", "A&D_UC-352BLE"};
    CHECK(chooseQuirk("none", scale)->name.empty());
    CHECK(chooseQuirk("trailing-octets", scale)->name == "trailing-octets");
    CHECK(chooseQuirk("no-such-row", scale)->name.empty());
    CHECK(chooseQuirk("taidoc-td1241", {})->reconnectDelay == 40s);
}
