#include "adapters/profiles/bond_management.hpp"

#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// Bond Management Service 1.0: 2AA4, 2AA5.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kDeleteOwnBondLe = 3;

/// By op code, from 1. Each has two bits of the feature value: that the device does it, and that it
/// asks for an authorisation code.
constexpr std::array<std::string_view, 9> kOperations{
    "delete-own-bond",        "delete-own-bond-classic",        "delete-own-bond-le",
    "delete-all-bonds",       "delete-all-bonds-classic",       "delete-all-bonds-le",
    "delete-all-other-bonds", "delete-all-other-bonds-classic", "delete-all-other-bonds-le",
};

DecodeResult decodeControl(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const std::size_t operation = reader.u8("op code");
    const bool isKnown = operation >= 1 && operation <= kOperations.size();
    std::vector<Field> fields{
        {"operation", std::string(isKnown ? kOperations[operation - 1] : "unknown")}};
    if (reader.remaining() > 0) {
        // A secret: only that there is one.
        reader.octets(reader.remaining(), "authorisation code");
        hideLast(reader, options);
        fields.push_back({"authorisationCode", true});
    }
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeFeature(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto feature = reader.u24("feature");
    std::vector<std::string> words;
    for (std::size_t i = 0; i < kOperations.size(); ++i) {
        const auto bits = feature >> (2 * i);
        if ((bits & 1U) != 0) words.emplace_back(kOperations[i]);
        if ((bits & 2U) != 0) words.push_back(std::string(kOperations[i]) + "-needs-code");
    }
    std::vector<Field> fields{{"features", std::move(words)}};
    return conclude(std::move(fields), reader, options, true);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{kBondManagementControlPoint, "Bond Management Control Point", Role::control,
                       decodeControl},
    CharacteristicSpec{0x2AA5, "Bond Management Feature", Role::information, decodeFeature},
};

constexpr Profile kProfile{0x181E, "", "Bond Management", kCharacteristics};

}  // namespace

const Profile& bondManagementProfile() {
    return kProfile;
}

Bytes deleteOwnBondLe() {
    return {kDeleteOwnBondLe};
}

}  // namespace vitalgate::profiles
