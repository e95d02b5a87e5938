#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Battery Service 1.0: 2A19.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kFull = 100;

DecodeResult decodeLevel(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes);
    const auto level = reader.u8("battery level");
    if (level > kFull) {
        return std::unexpected(DecodeError{v1::REFUSED_IMPLAUSIBLE, "battery level", 0,
                                           "battery level: octet 0 says more than 100 percent"});
    }
    std::vector<Field> fields{{"batteryPercent", static_cast<double>(level)}};
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A19, "Battery Level", Role::information, decodeLevel},
};

constexpr Profile kProfile{0x180F, "", "Battery", kCharacteristics};

}  // namespace

const Profile& batteryProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
