#include <ranges>

#include "adapters/profiles/e2e_crc.hpp"
#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using profiles::DecodeOptions;
using profiles::withCrc;

DecodeOptions withFeature(std::string_view hex) {
    return {.quirk = "", .feature = octets(hex)};
}
DecodeOptions withQuirk(std::string_view name) {
    return {.quirk = std::string(name), .feature = {}};
}

/// A value of a service whose values have an E2E-CRC, without it.
struct Protected {
    std::uint16_t uuid;
    std::string_view hex;
    std::string_view what;
};

/// Interstitial fluid, subcutaneous tissue, CRC.
constexpr auto kGlucoseFeature = "001000 59 f049";
constexpr std::array kGlucoseValues{
    Protected{0x2AA9, "0a00 01 0c 80", "status"},
    Protected{0x2AAA, "ea070b17080e05 04 04", "session start"},
    Protected{0x2AAB, "5001", "run time"},
    Protected{0x2AAC, "06 6e00 3c00 11 dc05 0300 04", "calibration"},
    Protected{0x2AAC, "09 b400", "patient high limit"},
    Protected{0x2AAC, "1c 1a 01", "answer"},
};

/// Every field of a device time, and the CRC, which comes first here.
constexpr std::array kTimeValues{
    Protected{0x2B8F, "0080 0a00 1e00 0500", "parameters"},
    Protected{0x2B90, "4db29632 04 00 1900 5dc09632 0300 0c00 0080", "time"},
    Protected{0x2B91, "02 4900 4db29632 04 00 01 04 0080", "proposal"},
    Protected{0x2B91, "09 02 05 4000", "answer"},
};

Bytes crcAndThen(std::string_view hex) {
    const auto value = octets(hex);
    return ByteWriter().u16(profiles::e2eCrc(value)).octets(value).bytes();
}

/// A value that is decoded differently by a feature value or a row of the quirk table.
struct Deviating {
    std::uint16_t uuid;
    std::string_view hex;
    std::string_view feature;
    std::string_view quirk;
};
constexpr std::array kDeviating{
    Deviating{0x2A9D, "0e 4038 ea070b17071e00 02 de00 0807", "bf000000", ""},
    Deviating{0x2A9D, "0f 204e ea070b17071e00 02 1801 c502", "9f010000", ""},
    Deviating{0x2A9D, "01 b002", "", "and-scale"},
    Deviating{0x2A9D, "10 4038", "", "detecto-7550"},
    Deviating{0x2A9C, "9803 b600 1318 a301 3025 f41a 790b", "ff9f0000", ""},
    Deviating{0x2A35, "16 8000 5200 6100 ea070b17080e05 0047 02 0004", "", "beurer-bm85"},
    Deviating{0x2A35, "1e 8000 5200 6100 ea070b17080e05 4700 01 0400 aabb", "", "trailing-octets"},
    Deviating{0x2B90, "4db29632 04 00 1900 5dc09632 0300 0c00 0080", "ffff 4605", ""},
    Deviating{0x2B8F, "0080 0a00 1e00 0500 0712", "ffff 1201", ""},
};

}  // namespace

TEST_CASE("a value of a glucose sensor with CRC is believed whole or not at all") {
    const auto options = withFeature(kGlucoseFeature);
    const auto record = withCrc(octets("0f e3 7800 0500 02 04 20 0ff0 6200"));
    checkPrefixes(0x2AA7, record, {}, options);
    checkProtected(0x2AA7, record, options);
    for (const auto& row : kGlucoseValues) {
        CAPTURE(std::string(row.what));
        const auto value = withCrc(octets(row.hex));
        checkPrefixes(row.uuid, value, {}, options);
        checkProtected(row.uuid, value, options);
        checkTrailing(row.uuid, value, options);
    }
}

TEST_CASE("a value of a device time with CRC is believed whole or not at all") {
    const auto options = withFeature(toHex(crcAndThen("4705")));
    for (const auto& row : kTimeValues) {
        CAPTURE(std::string(row.what));
        const auto value = crcAndThen(row.hex);
        checkPrefixes(row.uuid, value, {}, options);
        checkProtected(row.uuid, value, options);
        checkTrailing(row.uuid, value, options);
    }
}

TEST_CASE("a blood pressure record with CRC is believed whole or not at all") {
    const auto options = withFeature("4000");
    const auto value =
        withCrc(octets("07 2a01 352a 1e 8000 5200 6100 ea070b17080e05 4700 01 0400"));
    checkProtected(0x2B36, value, options);
    // Shorter by some octets it has another CRC: a refused measurement.
    constexpr std::size_t kHeaderAndCrc = 7;
    const auto cut = std::views::iota(kHeaderAndCrc, value.size());
    checkPrefixes(0x2B36, value, {cut.begin(), cut.end()}, options);
    for (const auto length : cut) {
        CHECK(isRefused(spec(0x2B36).decode(ByteView(value).first(length), options)));
    }
}

TEST_CASE("what is decoded by a feature or for a model holds together bit by bit") {
    for (const auto& row : kDeviating) {
        CAPTURE(std::string(row.hex));
        const DecodeOptions options{.quirk = std::string(row.quirk),
                                    .feature = octets(row.feature)};
        const auto value = octets(row.hex);
        const auto strict = spec(row.uuid).decode(value, {});
        const auto said = profiles::describeAsJson(Uuid(row.uuid), value, options);
        REQUIRE_MESSAGE(said, (said ? "" : said.error().message));
        // The options change something.
        CHECK((!strict || *said != *profiles::describeAsJson(Uuid(row.uuid), value, {})));
        checkBitFlips(row.uuid, value, options);
        for (std::size_t length = 0; length < value.size(); ++length) {
            CHECK(violation(spec(row.uuid), ByteView(value).first(length), options) == "");
        }
    }
}

TEST_CASE("whatever octets are given as a feature, a decoder stays within its value") {
    for (const auto& profile : profiles::allProfiles()) {
        for (const auto& each : profile.characteristics) {
            CAPTURE(each.uuid);
            for (unsigned octet = 0; octet < 256; octet += 17) {
                DecodeOptions options;
                options.feature = Bytes(6, static_cast<std::uint8_t>(octet));
                const Bytes value(octet % 24, static_cast<std::uint8_t>(octet ^ 0x55U));
                CHECK(violation(each, value, options) == "");
            }
        }
    }
}

TEST_CASE("the invariants notice what does not hold") {
    using profiles::DecodeError;
    const auto wrong = [](const DecodeError& error) { return violation(error, 3); };
    CHECK(wrong({v1::REFUSED_TRUNCATED, "weight", 3, "weight: needs octets 3 to 4"}).empty());
    CHECK_FALSE(wrong({v1::REFUSED_TRUNCATED, "", 0, ": needs octets"}).empty());
    CHECK_FALSE(wrong({v1::REFUSED_TRUNCATED, "weight", 0, "needs octets 0 to 1"}).empty());
    CHECK_FALSE(wrong({v1::REFUSED_TRUNCATED, "weight", 4, "weight: needs octets"}).empty());
    CHECK_FALSE(wrong({v1::REFUSED_UNSPECIFIED, "weight", 0, "weight: is wrong"}).empty());
    CHECK_FALSE(violation(std::vector<FieldSpan>{{"flags", 0, 1}, {"weight", 0, 2}}, 3).empty());
    CHECK_FALSE(violation(std::vector<FieldSpan>{{"flags", 0, 1}, {"weight", 1, 3}}, 3).empty());
    CHECK_FALSE(jsonViolation(R"({"limitMgDl":})").empty());
    CHECK(isRefused(spec(0x2A9D).decode(octets("00ffff"), {})));
    CHECK_FALSE(isRefused(spec(0x2A9D).decode(octets("004038"), {})));
    CHECK_FALSE(isRefused(spec(0x2A9D).decode(octets("01b002"), withQuirk("and-scale"))));
}

}  // namespace vitalgate::testing
