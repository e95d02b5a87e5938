#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Battery Service 1.1: 2A19, 2BED.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kFull = 100;

constexpr std::uint8_t kHasIdentifier = 0x01;
constexpr std::uint8_t kHasLevel = 0x02;
constexpr std::uint8_t kHasAdditionalStatus = 0x04;

/// What is unknown has no word.
constexpr std::array kPowerStates{
    flagWord(0x0001, "battery-present"),
    FlagWord{0x0006, 0x0002, "wired-power-connected"},
    FlagWord{0x0018, 0x0008, "wireless-power-connected"},
    FlagWord{0x0060, 0x0020, "charging"},
    FlagWord{0x0060, 0x0040, "discharging-active"},
    flagWord(0x0060, "discharging-inactive"),
    FlagWord{0x0180, 0x0080, "level-good"},
    FlagWord{0x0180, 0x0100, "level-low"},
    flagWord(0x0180, "level-critical"),
    FlagWord{0x0E00, 0x0200, "constant-current"},
    FlagWord{0x0E00, 0x0400, "constant-voltage"},
    FlagWord{0x0E00, 0x0600, "trickle-charge"},
    FlagWord{0x0E00, 0x0800, "float-charge"},
    flagWord(0x1000, "charging-fault-battery"),
    flagWord(0x2000, "charging-fault-power-source"),
    flagWord(0x4000, "charging-fault-other"),
};
constexpr std::array kAdditionalStates{
    FlagWord{0x03, 0x01, "service-required"},
    flagWord(0x04, "battery-fault"),
};

DecodeResult decodeLevel(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto level = reader.u8("battery level");
    if (level > kFull) {
        return std::unexpected(DecodeError{v1::REFUSED_IMPLAUSIBLE, "battery level", 0,
                                           "battery level: octet 0 says more than 100 percent"});
    }
    std::vector<Field> fields{{"batteryPercent", static_cast<double>(level)}};
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeStatus(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto flags = reader.u8("flags");
    std::vector<Field> fields{{"powerState", flagWords(reader.u16("power state"), kPowerStates)}};
    if ((flags & kHasIdentifier) != 0) {
        fields.push_back({"identifier", static_cast<double>(reader.u16("identifier"))});
    }
    if ((flags & kHasLevel) != 0) {
        // Beside the state, so a level that is none does not spoil it.
        const auto level = reader.u8("battery level");
        fields.push_back(level <= kFull ? Field{"batteryPercent", static_cast<double>(level)}
                                        : noNumber("batteryPercent"));
    }
    if ((flags & kHasAdditionalStatus) != 0) {
        const auto status = reader.u8("additional status");
        fields.push_back({"additionalStatus", flagWords(status, kAdditionalStates)});
    }
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A19, "Battery Level", Role::information, decodeLevel},
    CharacteristicSpec{0x2BED, "Battery Level Status", Role::information, decodeStatus},
};

constexpr Profile kProfile{0x180F, "", "Battery", kCharacteristics};

}  // namespace

const Profile& batteryProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
