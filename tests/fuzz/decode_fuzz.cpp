#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "adapters/profiles/profile.hpp"
#include "adapters/profiles/quirks.hpp"
#include "tests/profiles/invariants.hpp"

// Octets in, and whatever the decoders make of them must hold together. The first two octets name
// the characteristic, high octet first; the third the row of the quirk table and whether a feature
// value is known; the rest is the value.
namespace {

using namespace vitalgate;

std::vector<profiles::CharacteristicSpec> allCharacteristics() {
    std::vector<profiles::CharacteristicSpec> all;
    for (const auto& profile : profiles::allProfiles()) {
        all.insert(all.end(), profile.characteristics.begin(), profile.characteristics.end());
    }
    return all;
}

/// By its number, as the seeds have it; any other number is one of them too.
const profiles::CharacteristicSpec& chosen(std::span<const profiles::CharacteristicSpec> all,
                                           std::uint16_t number) {
    const auto found = std::ranges::find(all, number, &profiles::CharacteristicSpec::uuid);
    return found != all.end() ? *found : all[number % all.size()];
}

profiles::DecodeOptions optionsFor(std::uint8_t choice, ByteView value) {
    profiles::DecodeOptions options;
    const auto quirks = profiles::decoderQuirks();
    const std::size_t row = (choice & 0x7FU) % (quirks.size() + 1);  // 0: strict
    if (row > 0) options.quirk = std::string(quirks[row - 1].name);
    if ((choice & 0x80U) != 0) {
        const auto feature = value.first(std::min<std::size_t>(value.size(), 6));
        options.feature.assign(feature.begin(), feature.end());
    }
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto kAll = allCharacteristics();
    if (size < 3) return 0;
    const ByteView value(data + 3, size - 3);
    const auto& spec = chosen(kAll, static_cast<std::uint16_t>(data[0] << 8 | data[1]));
    const auto wrong = testing::violation(spec, value, optionsFor(data[2], value));
    if (!wrong.empty()) {
        std::fprintf(stderr, "%04X: %s\n", spec.uuid, wrong.c_str());
        std::abort();
    }
    return 0;
}
