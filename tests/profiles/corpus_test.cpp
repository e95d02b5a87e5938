// The seeds of the fuzzer are worked samples of every characteristic: here each of them is cut off
// at every octet and has every single bit wrong.
#include <fstream>
#include <sstream>

#include "adapters/profiles/quirks.hpp"
#include "tests/profiles/samples.hpp"
#include "tests/support/paths.hpp"

namespace vitalgate::testing {

using namespace profiles;

namespace {

constexpr unsigned kHasFeature = 0x80;
constexpr unsigned kRow = 0x3F;

struct Seed {
    std::uint16_t uuid = 0;
    Bytes value;
    DecodeOptions options;
};

/// As the head of the file says; nothing of a line that is a comment.
std::optional<Seed> seedFrom(const std::string& line) {
    if (line.empty() || line.front() == '#') return std::nullopt;
    std::istringstream words(line);
    std::string uuid;
    std::string options;
    std::string value;
    words >> uuid >> options >> value;
    Seed seed;
    seed.uuid = static_cast<std::uint16_t>(std::stoul(uuid, nullptr, 16));
    seed.value = octets(value);
    const auto bits = std::stoul(options, nullptr, 16);
    const auto row = bits & kRow;
    if (row != 0 && row <= quirks().size()) seed.options.quirk = quirks()[row - 1].name;
    if ((bits & kHasFeature) != 0) {
        const auto length = static_cast<std::ptrdiff_t>(seed.value.front());
        const auto begin = seed.value.begin() + 1;
        seed.options.feature.assign(begin, begin + length);
        seed.value.erase(seed.value.begin(), begin + length);
    }
    return seed;
}

const std::vector<Seed>& seeds() {
    static const std::vector<Seed> kSeeds = [] {
        std::vector<Seed> all;
        std::ifstream file(sourceFolder() + "/tests/fuzz/corpus/decode.txt");
        for (std::string line; std::getline(file, line);) {
            if (auto seed = seedFrom(line)) all.push_back(std::move(*seed));
        }
        return all;
    }();
    return kSeeds;
}

}  // namespace

TEST_CASE("every characteristic has a seed that is decoded") {
    for (const auto& profile : allProfiles()) {
        for (const auto& each : profile.characteristics) {
            CAPTURE(Uuid(each.uuid).shortText());
            CHECK(std::ranges::any_of(seeds(), [&](const Seed& seed) {
                return seed.uuid == each.uuid && each.decode(seed.value, seed.options).has_value();
            }));
        }
    }
}

TEST_CASE("every seed cut off, or with any bit wrong, is refused or may be believed") {
    for (const auto& seed : seeds()) {
        CAPTURE(Uuid(seed.uuid).shortText());
        CAPTURE(toHex(seed.value));
        const ByteView whole(seed.value);
        for (std::size_t length = 0; length <= whole.size(); ++length) {
            CHECK(violation(spec(seed.uuid), whole.first(length), seed.options) == "");
        }
        checkBitFlips(seed.uuid, seed.value, seed.options);
    }
}

}  // namespace vitalgate::testing
