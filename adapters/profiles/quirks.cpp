#include "adapters/profiles/quirks.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::profiles {

namespace {

constexpr DecoderQuirk kStrict{};

constexpr std::array kQuirks{
    DecoderQuirk{.name = "trailing-octets",
                 .ignoreTrailingOctets = true,
                 .reason = "devices that pad their values to a fixed length"},
    DecoderQuirk{.name = "and-scale",
                 .poundsInTenths = true,
                 .reason = "A&D UC-352BLE: 01 b0 02 stands for 68.8 lb on its display"},
    DecoderQuirk{.name = "beurer-bm85",
                 .bigEndianPulse = true,
                 .userAlwaysPresent = true,
                 .reason = "Beurer BM85 and relatives: pulse and status high octet first, user "
                           "octet always sent"},
    DecoderQuirk{.name = "detecto-7550",
                 .reservedIsBelowZero = true,
                 .reason = "Detecto 7550: its manual adds a flag \"below zero\" to those of the "
                           "specification, the weight itself has no sign"},
};

}  // namespace

std::span<const DecoderQuirk> decoderQuirks() {
    return kQuirks;
}

const DecoderQuirk& decoderQuirk(std::string_view name) {
    const auto row = std::ranges::find(kQuirks, name, &DecoderQuirk::name);
    return row == kQuirks.end() ? kStrict : *row;
}

}  // namespace vitalgate::profiles
