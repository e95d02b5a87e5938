#include "adapters/profiles/device_time.hpp"

#include "adapters/profiles/e2e_crc.hpp"
#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using namespace std::chrono_literals;
using profiles::DecodeOptions;
using profiles::DeviceTimeFeature;

constexpr auto kTime = profiles::kDeviceTime;
constexpr auto kControlPoint = profiles::kDeviceTimeControlPoint;

/// The CRC comes first.
Bytes crcAndThen(std::string_view hex) {
    const auto value = octets(hex);
    return ByteWriter().u16(profiles::e2eCrc(value)).octets(value).bytes();
}

Bytes full() {
    return sample({
        {"4db29632", "848736845 s after 2000-01-01: 2026-11-23 08:14:05"},
        {"04", "+60 min"},
        {"04", "+60 min daylight saving"},
        {"1200", "UTC aligned, epoch 2000"},
    });
}

Bytes fullWithEveryField() {
    return sample({
        {"4db29632", "2026-11-23 08:14:05"},
        {"04", "+60 min"},
        {"00", "no daylight saving"},
        {"1900", "time fault, proposal requested, epoch 2000"},
        {"5dc09632", "user time: 2026-11-23 09:14:05"},
        {"0300", "3 s of drift"},
        {"0c00", "next sequence number 12"},
        {"0080", "half a second"},
    });
}

/// Log, fractions, user timeline, drift tracking, epoch 2000; no CRC.
constexpr auto kEveryField = "ffff 4605";

DecodeOptions withFeature(std::string_view hex) {
    DecodeOptions options;
    options.feature = octets(hex);
    return options;
}

DeviceTimeFeature feature(std::string_view hex) {
    const auto found = profiles::deviceTimeFeature(octets(hex));
    REQUIRE(found);
    return *found;
}

/// 2026-11-23T08:14:05.5Z
profiles::TimeProposal proposal() {
    profiles::TimeProposal out;
    out.time = WallTime{std::chrono::sys_days{2026y / 11 / 23} + 8h + 14min + 5s + 500ms};
    out.zone = 60min;
    out.source = 1;
    out.accuracy = 4;
    return out;
}

}  // namespace

TEST_CASE("a device time is UTC with the offset of the place") {
    const auto time = profiles::decodeDeviceTime(full(), {});
    REQUIRE(time);
    CHECK(time->baseTime == LocalDateTime{2026, 11, 23, 8, 14, 5});
    CHECK(time->utcOffset == 120min);
    CHECK(time->local() == LocalDateTime{2026, 11, 23, 10, 14, 5});
    CHECK(time->fraction == 0s);
    CHECK(time->isUtcAligned);
    CHECK_FALSE(time->isFaulty);
    CHECK_FALSE(time->wantsProposal);
    CHECK_FALSE(time->userTime);
    CHECK(
        json(kTime, toHex(full())) ==
        R"({"baseTime":"2026-11-23T08:14:05","deviceTime":"2026-11-23T10:14:05","utcOffsetMin":120,)"
        R"("status":["utc-aligned","epoch-2000"]})");
}

TEST_CASE("the feature value says which further fields a device time has") {
    const auto time = profiles::decodeDeviceTime(fullWithEveryField(), feature(kEveryField));
    REQUIRE(time);
    CHECK(time->isFaulty);
    CHECK(time->wantsProposal);
    CHECK_FALSE(time->isUtcAligned);
    CHECK(time->userTime == LocalDateTime{2026, 11, 23, 9, 14, 5});
    CHECK(time->accumulatedDriftSeconds == 3);
    CHECK(time->nextLogNumber == 12);
    CHECK(time->fraction == 500ms);
    CHECK(
        json(kTime, toHex(fullWithEveryField()), withFeature(kEveryField)) ==
        R"({"baseTime":"2026-11-23T08:14:05","deviceTime":"2026-11-23T09:14:05","utcOffsetMin":60,)"
        R"("fraction":0.500000,"status":["time-fault","proposal-requested","epoch-2000"],)"
        R"("userTime":"2026-11-23T09:14:05","accumulatedDriftS":3,"nextLogNumber":12})");
    CHECK(decodeError(kTime, fullWithEveryField()).field == "end");
    CHECK(decodeError(kTime, full(), withFeature(kEveryField)).field == "user time");
}

TEST_CASE("every octet short or wrong of a device time is noticed") {
    checkPrefixes(kTime, full());
    checkBitFlips(kTime, full());
    checkTrailing(kTime, full());
}

TEST_CASE("a device time that counts from 1900") {
    const auto time = profiles::decodeDeviceTime(octets("4d74aeee 00 00 0000"), {});
    REQUIRE(time);
    CHECK(time->baseTime.text() == "2026-11-23T08:14:05");
    CHECK(profiles::decodeDeviceTime(octets("ffffffff 00 00 1000"), {})->baseTime.text() ==
          "2136-02-07T06:28:15");
}

TEST_CASE("an unknown zone leaves the local time open") {
    const auto time = profiles::decodeDeviceTime(octets("4db29632 80 00 1000"), {});
    REQUIRE(time);
    CHECK_FALSE(time->utcOffset);
    CHECK_FALSE(time->local());
    CHECK(json(kTime, "4db29632 04 ff 1000") ==
          R"({"baseTime":"2026-11-23T08:14:05","utcOffsetMin":"unknown","status":["epoch-2000"]})");
}

TEST_CASE("the CRC of a device time comes first") {
    const auto options = withFeature(toHex(crcAndThen("0104")));
    const auto value = crcAndThen(toHex(full()));
    CHECK(json(kTime, toHex(value), options) == json(kTime, toHex(full())));
    auto wrong = value;
    wrong[0] ^= 1;
    const auto error = decodeError(kTime, wrong, options);
    CHECK(error.reason == v1::REFUSED_CHECKSUM);
    CHECK(error.octet == 0);
    // What is missing says more than the CRC that it spoils.
    wrong.pop_back();
    CHECK(decodeError(kTime, wrong, options).reason == v1::REFUSED_TRUNCATED);
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
        CAPTURE(bit);
        auto flipped = value;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK(decodeError(kTime, flipped, options).reason == v1::REFUSED_CHECKSUM);
    }
}

TEST_CASE("the features of a device time") {
    const auto found = feature(kEveryField);
    CHECK_FALSE(found.hasCrc);
    CHECK(found.hasLog);
    CHECK(found.hasFractions);
    CHECK(found.hasUserTime);
    CHECK(found.tracksDrift);
    CHECK(found.takes2000);
    CHECK_FALSE(found.takes1900);
    CHECK_FALSE(found.needsAuthorisation);
    CHECK(feature(toHex(crcAndThen("8102"))).hasCrc);
    CHECK(feature(toHex(crcAndThen("8102"))).takes1900);
    CHECK(feature(toHex(crcAndThen("8102"))).needsAuthorisation);
    CHECK_FALSE(profiles::deviceTimeFeature(octets("ffff 0104")));
    CHECK_FALSE(profiles::deviceTimeFeature(octets("ffff 04")));
    CHECK_FALSE(profiles::deviceTimeFeature({}));
    CHECK(json(profiles::kDeviceTimeFeature, "ffff 0004") == R"({"features":["epoch-2000"]})");
    CHECK(json(profiles::kDeviceTimeFeature, "ffff 5818") ==
          R"({"features":["displayed-to-user","displayed-formats","separate-user-timeline",)"
          R"("propose-adjustment-limit","retrieve-adjustments"]})");
    CHECK(decodeError(profiles::kDeviceTimeFeature, octets("ffff0104")).reason ==
          v1::REFUSED_CHECKSUM);
    checkPrefixes(profiles::kDeviceTimeFeature, octets("ffff0004"));
    checkBitFlips(profiles::kDeviceTimeFeature, octets("ffff0004"));
    checkTrailing(profiles::kDeviceTimeFeature, octets("ffff0004"));
}

TEST_CASE("the parameters of a device time") {
    constexpr auto kParameters = profiles::kDeviceTimeParameters;
    CHECK(json(kParameters, "0080") == R"({"resolution":0.500000})");
    // Drift tracking, log and displayed formats.
    CHECK(json(kParameters, "0040 0a00 1e00 0500 0712", withFeature("ffff 1201")) ==
          R"({"resolution":0.250000,"driftLimitS":10,"daysUntilSyncLoss":30,)"
          R"("adjustmentLimitS":5,"displayedFormats":"0712"})");
    checkPrefixes(kParameters, octets("0080"));
    checkTrailing(kParameters, octets("0080"));
}

TEST_CASE("a time is proposed in the form that the device takes") {
    CHECK(toHex(*profiles::proposeTime(proposal(), feature("ffff 0004"))) ==
          "02c9004db2963204000104");
    CHECK(toHex(*profiles::proposeTime(proposal(), feature("ffff 0404"))) ==
          "0249004db29632040001040080");
    CHECK(toHex(*profiles::proposeTime(proposal(), feature("ffff 0002"))) ==
          "0289004d74aeee04000104");
    CHECK(*profiles::proposeTime(proposal(), feature(toHex(crcAndThen("0104")))) ==
          crcAndThen("02c9004db2963204000104"));
    CHECK(
        json(kControlPoint, "02c9004db2963204000104") ==
        R"({"operation":"propose-time-update","baseTime":"2026-11-23T08:14:05","utcOffsetMin":60,)"
        R"("flags":["utc-aligned","external-reference","epoch-2000","second-fractions-not-valid"],)"
        R"("timeSource":"network-time-protocol","accuracyEighths":4})");
    CHECK(
        json(kControlPoint, "0249004db29632040001040080", withFeature("ffff 0404")) ==
        R"({"operation":"propose-time-update","baseTime":"2026-11-23T08:14:05","utcOffsetMin":60,)"
        R"("flags":["utc-aligned","external-reference","epoch-2000"],)"
        R"("timeSource":"network-time-protocol","accuracyEighths":4,"fraction":0.500000})");
}

TEST_CASE("a time that the device's years do not hold is not proposed") {
    auto early = proposal();
    early.time = WallTime{};
    CHECK_FALSE(profiles::proposeTime(early, feature("ffff 0004")));
    CHECK(profiles::proposeTime(early, feature("ffff 0002")));
    auto late = proposal();
    late.time = WallTime{std::chrono::sys_days{2036y / 3 / 1}};
    CHECK_FALSE(profiles::proposeTime(late, feature("ffff 0002")));
    CHECK(profiles::proposeTime(late, feature("ffff 0006")));
}

TEST_CASE("the answer to a proposal says why it was rejected") {
    const auto success = profiles::decodeDeviceTimeAnswer(octets("09 02 01"), {});
    REQUIRE(success);
    CHECK(success->operation == 2);
    CHECK(success->code == profiles::kDeviceTimeSuccess);
    CHECK(success->rejections.empty());
    const auto rejected = profiles::decodeDeviceTimeAnswer(octets("09 02 05 2002"), {});
    REQUIRE(rejected);
    CHECK(rejected->code == profiles::kDeviceTimeRejected);
    CHECK(rejected->rejections ==
          std::vector<std::string>{"source-of-lower-quality", "time-rejected-offset-accepted"});
    CHECK(profiles::decodeDeviceTimeAnswer(octets("09 02 05"), {}).error().reason ==
          v1::REFUSED_TRUNCATED);
    CHECK(profiles::decodeDeviceTimeAnswer(octets("02 02 01"), {}).error().field == "op code");
    CHECK(profiles::decodeDeviceTimeAnswer({}, {}).error().reason == v1::REFUSED_TRUNCATED);
    const auto withCrc = feature(toHex(crcAndThen("0104")));
    CHECK(profiles::decodeDeviceTimeAnswer(crcAndThen("090207"), withCrc)->code == 7);
    CHECK(profiles::decodeDeviceTimeAnswer(octets("0000 090207"), withCrc).error().reason ==
          v1::REFUSED_CHECKSUM);
    CHECK(profiles::deviceTimeAnswerWord(5) == "rejected");
    CHECK(profiles::deviceTimeAnswerWord(6) == "unknown");
    CHECK(profiles::deviceTimeAnswerWord(7) == "busy");
    CHECK(profiles::deviceTimeAnswerWord(8) == "unknown");
}

TEST_CASE("the other requests and answers of the control point") {
    CHECK(json(kControlPoint, "04 0500") ==
          R"({"operation":"propose-adjustment-limit","adjustmentLimitS":5})");
    CHECK(json(kControlPoint, "05") == R"({"operation":"retrieve-adjustments"})");
    CHECK(json(kControlPoint, "07 0102") == R"({"operation":"adjustments","octets":"0102"})");
    CHECK(json(kControlPoint, "0a ff") == R"({"operation":"unknown","octets":"ff"})");
    CHECK(json(kControlPoint, "09 02 05 4000") ==
          R"({"operation":"answer","requested":"propose-time-update","answer":"rejected",)"
          R"("rejections":["wrong-epoch"]})");
    for (const auto* hex : {"02c9004db2963204000104", "040500", "09020540 00", "090201"}) {
        checkPrefixes(kControlPoint, octets(hex));
        checkBitFlips(kControlPoint, octets(hex));
        checkTrailing(kControlPoint, octets(hex));
    }
}

}  // namespace vitalgate::testing
