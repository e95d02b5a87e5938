#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "adapters/profiles/e2e_crc.hpp"
#include "adapters/profiles/profile.hpp"
#include "adapters/profiles/quirks.hpp"
#include "tests/profiles/invariants.hpp"

// Octets in, and whatever the decoders make of them must hold together. The first two octets name
// the characteristic, high octet first; the third is the options; the rest is the value. Of the
// options the low six bits are the row of the quirk table, from 1; 0x80: the value is preceded by
// the value of the service's feature characteristic, and that by its length; 0x40: feature and
// value get the CRC that is right for them, since nobody would find one.
namespace {

using namespace vitalgate;

constexpr unsigned kHasFeature = 0x80;
constexpr unsigned kHasCrc = 0x40;
constexpr unsigned kRow = 0x3F;
constexpr std::size_t kLongestFeature = 8;

/// Where the CRC of a service's values stands; its feature value has it in the same place, behind
/// or before so many octets.
enum class Place { none, end, begin };
struct Protection {
    std::uint16_t service;
    Place place;
    std::size_t featureOctets;  ///< without CRC; 0: the feature value has none
};
constexpr Protection kProtections[] = {
    {0x1810, Place::end, 0},
    {0x181F, Place::end, 4},
    {0x1847, Place::begin, 2},
};

struct Target {
    const profiles::CharacteristicSpec* spec = nullptr;
    Protection protection{0, Place::none, 0};
    bool takesFeature = false;
};

std::vector<Target> allTargets() {
    std::vector<Target> all;
    for (const auto& profile : profiles::allProfiles()) {
        const auto* found = std::ranges::find(kProtections, profile.service, &Protection::service);
        const bool takesFeature =
            std::ranges::find(profile.characteristics, profiles::Role::feature,
                              &profiles::CharacteristicSpec::role) != profile.characteristics.end();
        for (const auto& spec : profile.characteristics) {
            Target target{&spec, {0, Place::none, 0}, takesFeature};
            if (found != std::end(kProtections)) target.protection = *found;
            all.push_back(target);
        }
    }
    return all;
}

/// By its number, as the seeds have it; any other number is one of them too.
const Target& chosen(std::span<const Target> all, std::uint16_t number) {
    const auto found =
        std::ranges::find_if(all, [&](const Target& each) { return each.spec->uuid == number; });
    return found != all.end() ? *found : all[number % all.size()];
}

Bytes copied(ByteView octets) {
    return {octets.begin(), octets.end()};
}

Bytes withRightCrc(Place place, Bytes octets) {
    if (place == Place::none) return octets;
    if (place == Place::end) return profiles::withCrc(std::move(octets));
    return ByteWriter().u16(profiles::e2eCrc(octets)).octets(octets).bytes();
}

/// Takes the feature value off the front of `rest`.
Bytes takeFeature(ByteView& rest, const Protection& protection, bool hasCrc) {
    if (rest.empty()) return {};
    const std::size_t wanted = rest[0] % (kLongestFeature + 1);
    const auto length = std::min(wanted, rest.size() - 1);
    auto feature = copied(rest.subspan(1, length));
    rest = rest.subspan(1 + length);
    if (!hasCrc || protection.featureOctets == 0) return feature;
    feature.resize(protection.featureOctets);
    return withRightCrc(protection.place, std::move(feature));
}

std::string rowOf(unsigned choice) {
    const auto quirks = profiles::quirks();
    const std::size_t row = (choice & kRow) % (quirks.size() + 1);  // 0: strict
    return row == 0 ? std::string() : std::string(quirks[row - 1].name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto kAll = allTargets();
    if (size < 3) return 0;
    const auto& target = chosen(kAll, static_cast<std::uint16_t>(data[0] << 8 | data[1]));
    const unsigned choice = data[2];
    const bool hasCrc = (choice & kHasCrc) != 0;
    ByteView rest(data + 3, size - 3);
    profiles::DecodeOptions options;
    options.quirk = rowOf(choice);
    if (target.takesFeature && (choice & kHasFeature) != 0) {
        options.feature = takeFeature(rest, target.protection, hasCrc);
    }
    auto value = copied(rest);
    if (hasCrc) value = withRightCrc(target.protection.place, std::move(value));
    const auto wrong = testing::violation(*target.spec, value, options);
    if (!wrong.empty()) {
        std::fprintf(stderr, "%04X: %s\n", target.spec->uuid, wrong.c_str());
        std::abort();
    }
    return 0;
}
