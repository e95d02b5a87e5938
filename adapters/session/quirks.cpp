#include "adapters/session/quirks.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::session {

namespace {

using std::chrono::seconds;

constexpr Quirk kStrict{};

constexpr std::array kQuirks{
    Quirk{.name = "and-scale",
          .advertisedName = "352BLE",
          .reconnectDelay = seconds{15},
          .reason = "A&D UC-352BLE: needs 15 s of quiet after a conversation; pounds in tenths"},
    Quirk{.name = "and-device",
          .advertisedName = "651BLE",
          .reconnectDelay = seconds{15},
          .reason = "A&D UA-651BLE cuff: the scale's radio, needs 15 s of quiet"},
    Quirk{.name = "taidoc-td1241",
          .advertisedName = "TAIDOC TD1241",
          .reconnectDelay = seconds{40},
          .reason = "TaiDoc TD1241 thermometer: ignores connections for 40 s"},
    Quirk{.name = "indie-scale",
          .advertisedName = "51-102",
          .reconnectDelay = seconds{23},
          .reason = "Indie Health scale: ignores connections for 23 s"},
    Quirk{.name = "philips-ear",
          .advertisedName = "Philips ear thermometer",
          .reconnectDelay = seconds{25},
          .reason = "Philips ear thermometer: ignores connections for 25 s"},
    Quirk{.name = "philips-ear",
          .advertisedName = "SCH740",
          .reconnectDelay = seconds{25},
          .reason = "the same thermometer under its model's name"},
    Quirk{.name = "beurer-bm85",
          .manufacturer = "Beurer",
          .model = "BM85",
          .reason = "Beurer BM85: pulse and status high octet first, user octet always sent"},
    Quirk{.name = "detecto-7550",
          .manufacturer = "Detecto",
          .model = "7550",
          .reason = "Detecto 7550 scale: reserved flags say that the weight is below zero"},
    Quirk{.name = "trailing-octets",
          .reason = "for devices that pad their values to a fixed length"},
};

/// Maker and model are written by people.
bool contains(std::string_view text, std::string_view part) {
    constexpr auto kLower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    const auto found = std::ranges::search(text, part, {}, kLower, kLower);
    return part.empty() || !found.empty();
}

bool fits(const Quirk& row, const DeviceNames& device) {
    if (row.manufacturer.empty() && row.model.empty() && row.advertisedName.empty()) return false;
    return contains(device.manufacturer, row.manufacturer) && contains(device.model, row.model) &&
           contains(device.advertised, row.advertisedName);
}

}  // namespace

std::span<const Quirk> quirks() {
    return kQuirks;
}

const Quirk* chooseQuirk(std::string_view configured, const DeviceNames& device) {
    const auto row = std::ranges::find_if(kQuirks, [&](const Quirk& each) {
        return configured.empty() ? fits(each, device) : each.name == configured;
    });
    return row == kQuirks.end() ? &kStrict : &*row;
}

}  // namespace vitalgate::session
