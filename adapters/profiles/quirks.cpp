#include "adapters/profiles/quirks.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::profiles {

namespace {

using std::chrono::seconds;

constexpr DecoderQuirk kStrict{};

constexpr std::array kQuirks{
    Quirk{.name = "and-scale",
          .advertisedName = "352BLE",
          .decoding = {.poundsInTenths = true},
          .reconnectDelay = seconds{15},
          .reason = "A&D UC-352BLE: needs 15 s of quiet after a conversation; 01 b0 02 stands for "
                    "68.8 lb on its display"},
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
          .decoding = {.bigEndianPulseAndStatus = true, .userAlwaysPresent = true},
          .reason = "Beurer BM85: pulse and status high octet first, user octet "
                    "always sent"},
    Quirk{.name = "detecto-7550",
          .manufacturer = "Detecto",
          .model = "7550",
          .decoding = {.reservedIsBelowZero = true},
          .reason = "Detecto 7550 scale: its manual adds a flag \"below zero\" to those of the "
                    "specification, the weight itself has no sign"},
    Quirk{.name = "trailing-octets",
          .decoding = {.ignoreTrailingOctets = true},
          .reason = "for devices that pad their values to a fixed length"},
};

/// Maker and model are written by people.
bool contains(std::string_view text, std::string_view part) {
    constexpr auto kLower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return part.empty() || !std::ranges::search(text, part, {}, kLower, kLower).empty();
}

bool fits(const Quirk& row, const DeviceNames& device) {
    if (row.manufacturer.empty() && row.model.empty() && row.advertisedName.empty()) return false;
    return contains(device.manufacturer, row.manufacturer) && contains(device.model, row.model) &&
           contains(device.advertised, row.advertisedName);
}

bool isMeant(const Quirk& row, std::string_view text) {
    const auto has = [&](std::string_view part) { return !part.empty() && contains(text, part); };
    return contains(row.name, text) || has(row.model) || has(row.advertisedName);
}

const Quirk* pointerTo(std::span<const Quirk>::iterator row) {
    return row == quirks().end() ? nullptr : &*row;
}

}  // namespace

std::span<const Quirk> quirks() {
    return kQuirks;
}

const Quirk* fittingQuirk(const DeviceNames& device) {
    return pointerTo(
        std::ranges::find_if(quirks(), [&](const Quirk& row) { return fits(row, device); }));
}

const Quirk* namedQuirk(std::string_view name) {
    return pointerTo(std::ranges::find(quirks(), name, &Quirk::name));
}

const DecoderQuirk& decoderQuirk(std::string_view name) {
    if (name.empty()) return kStrict;
    const auto* row = namedQuirk(name);
    return row == nullptr ? kStrict : row->decoding;
}

std::vector<std::string_view> quirksMeant(std::string_view text) {
    if (const auto* row = namedQuirk(text)) return {row->name};
    std::vector<std::string_view> names;
    for (const auto& row : kQuirks) {
        const bool isNew = names.empty() || names.back() != row.name;
        if (isNew && isMeant(row, text)) names.push_back(row.name);
    }
    return names;
}

}  // namespace vitalgate::profiles
