#include "tests/profiles/samples.hpp"

#include "adapters/profiles/e2e_crc.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kPlain = 0x2A35;
constexpr std::uint16_t kMeasurement = 0x2B34;
constexpr std::uint16_t kIntermediate = 0x2B35;
constexpr std::uint16_t kRecord = 0x2B36;

constexpr auto kSystolic = "MDC_PRESS_BLD_NONINV_SYS";

const profiles::DecodeOptions kWithCrc{.quirk = "", .feature = Bytes{0x40, 0x00}};

Bytes full() {
    return sample({
        {"7e", "flags: mmHg, time stamp, pulse, user, status, user-facing time, since 2000"},
        {"8000", "systolic 128"},
        {"5200", "diastolic 82"},
        {"6100", "mean 97"},
        {"4db29632", "848736845 s: 2026-11-23T08:14:05"},
        {"4700", "pulse 71"},
        {"01", "user 1"},
        {"0400", "status: irregular pulse"},
        {"5dc09632", "user-facing time 2026-11-23T09:14:05"},
    });
}

Bytes embeddedPlain() {
    return octets("1e 8000 5200 6100 ea070b17080e05 4700 01 0400");
}

/// A record of one segment.
Bytes record(std::string_view uuid, ByteView embedded) {
    auto bytes = octets("07 2a01" + std::string(uuid));
    bytes.insert(bytes.end(), embedded.begin(), embedded.end());
    return bytes;
}

}  // namespace

TEST_CASE("a complete enhanced blood pressure has every field, and the time that the person sees") {
    const auto m = measurement(kMeasurement, full());
    CHECK(m.reading.kind() == "blood-pressure");
    CHECK(m.reading.type().mdc() == 150020);
    REQUIRE(m.reading.observations_size() == 4);
    CHECK(shown(m, kSystolic) == "128 mm[Hg]");
    CHECK(shown(m, "MDC_PRESS_BLD_NONINV_DIA") == "82 mm[Hg]");
    CHECK(shown(m, "MDC_PRESS_BLD_NONINV_MEAN") == "97 mm[Hg]");
    CHECK(shown(m, "MDC_PULS_RATE_NON_INV") == "71 /min");
    CHECK(m.reading.device_time() == "2026-11-23T09:14:05");
    CHECK(m.deviceTime == LocalDateTime{2026, 11, 23, 9, 14, 5});
    CHECK(m.reading.user_slot() == 1);
    CHECK(statusOf(m) == std::vector<std::string>{"irregular-pulse"});
    CHECK_FALSE(m.refused);
    CHECK_FALSE(m.intermediate);
    CHECK_FALSE(m.embedded);
}

TEST_CASE("every octet short, long or wrong of an enhanced blood pressure is noticed") {
    checkPrefixes(kMeasurement, full());
    checkBitFlips(kMeasurement, full());
    checkTrailing(kMeasurement, full());
}

TEST_CASE("enhanced times are seconds since 1900 or 2000, and the first does without the second") {
    const auto time = [](std::string_view hex) {
        return measurement(kMeasurement, octets(hex)).reading.device_time();
    };
    CHECK(time("02 8000 5200 6100 4d74aeee") == "2026-11-23T08:14:05");
    CHECK(time("42 8000 5200 6100 4db29632") == "2026-11-23T08:14:05");
    CHECK(time("20 8000 5200 6100 5d82aeee") == "2026-11-23T09:14:05");
    CHECK(time("42 8000 5200 6100 00000000") == "2000-01-01T00:00:00");
    CHECK(time("02 8000 5200 6100 ffffffff") == "2036-02-07T06:28:15");
    CHECK(time("42 8000 5200 6100 ffffffff") == "2136-02-07T06:28:15");
    CHECK(time("40 8000 5200 6100").empty());
}

TEST_CASE("the reserved flag of an enhanced blood pressure changes nothing") {
    auto value = full();
    value[0] |= 0x80;
    CHECK(measurement(kMeasurement, value).reading.SerializeAsString() ==
          measurement(kMeasurement, full()).reading.SerializeAsString());
}

TEST_CASE("an enhanced blood pressure is judged like a plain one") {
    const auto failed = measurement(kMeasurement, octets("00 ff07 ff07 ff07"));
    CHECK(failed.refused == v1::REFUSED_FAILED);
    const auto twisted = measurement(kMeasurement, octets("00 5200 8000 6100"));
    CHECK(twisted.refused == v1::REFUSED_CONTRADICTORY);
    CHECK(twisted.refusedField == "diastolic");
    const auto kilopascal = measurement(kMeasurement, octets("01 a0f0 6bf0 7df0"));
    CHECK(shown(kilopascal, kSystolic) == "120.0 mm[Hg]");
    CHECK(reported(kilopascal, kSystolic) == "16.0 kPa");
}

TEST_CASE(
    "an enhanced intermediate cuff pressure is marked and has the pressure of the cuff alone") {
    const auto value = octets("42 b400 4db29632");
    const auto m = measurement(kIntermediate, value);
    CHECK(m.intermediate);
    CHECK(m.reading.observations_size() == 1);
    CHECK(shown(m, "MDC_PRESS_CUFF") == "180 mm[Hg]");
    CHECK(m.reading.device_time() == "2026-11-23T08:14:05");
    checkPrefixes(kIntermediate, value);
    checkBitFlips(kIntermediate, value);
    checkTrailing(kIntermediate, value);
}

TEST_CASE("the better characteristic names the one that says less") {
    CHECK(spec(kMeasurement).replaces == kPlain);
    CHECK(spec(kMeasurement).role == profiles::Role::measurement);
    CHECK(spec(kRecord).role == profiles::Role::measurement);
    CHECK(spec(kIntermediate).role == profiles::Role::intermediate);
}

TEST_CASE("a record is the measurement that it holds, with number, and known by what it holds") {
    const auto value = sample({
        {"07", "segmentation header: first, last, counter 1"},
        {"2a01", "sequence number 298"},
        {"352a", "UUID of the record: 2A35"},
        {"1e 8000 5200 6100 ea070b17080e05 4700 01 0400", "128/82, mean 97, …"},
    });
    const auto m = measurement(kRecord, value);
    CHECK(shown(m, kSystolic) == "128 mm[Hg]");
    CHECK(m.reading.device_time() == "2026-11-23T08:14:05");
    CHECK(m.reading.source().record_number() == 298);
    CHECK(m.reading.source().stored());
    REQUIRE(m.embedded);
    CHECK(m.embedded->characteristic == kPlain);
    CHECK(m.embedded->payload == embeddedPlain());
    auto live = measurement(kPlain, embeddedPlain()).reading;
    live.mutable_source()->set_record_number(298);
    live.mutable_source()->set_stored(true);
    CHECK(live.SerializeAsString() == m.reading.SerializeAsString());
    checkPrefixes(kRecord, value);
    checkBitFlips(kRecord, value);
    checkTrailing(kRecord, value);
}

TEST_CASE("a record of an enhanced measurement is one too") {
    const auto m = measurement(kRecord, record("342b", full()));
    CHECK(m.reading.device_time() == "2026-11-23T09:14:05");
    REQUIRE(m.embedded);
    CHECK(m.embedded->characteristic == kMeasurement);
    CHECK(m.embedded->payload == full());
}

TEST_CASE("a record of anything else is not guessed at") {
    for (const auto* uuid : {"362a", "362b", "9d2a", "0000"}) {
        CAPTURE(uuid);
        const auto error = decodeError(kRecord, record(uuid, embeddedPlain()));
        CHECK(error.reason == v1::REFUSED_UNKNOWN_FORMAT);
        CHECK(error.field == "UUID of the record");
        CHECK(error.octet == 3);
        CHECK(error.message == "UUID of the record: octets 3 to 4 name no blood pressure");
    }
}

TEST_CASE("a record that is not whole is refused") {
    for (const auto* header : {"04", "05", "06"}) {
        CAPTURE(header);
        const auto error =
            decodeError(kRecord, octets(header + std::string("2a01352a 00800052006100")));
        CHECK(error.reason == v1::REFUSED_TRUNCATED);
        CHECK(error.field == "segmentation header");
        CHECK(error.octet == 0);
        CHECK(error.message ==
              "segmentation header: octet 0 says that other segments belong to the value");
    }
}

TEST_CASE("what is wrong in a record is told by its place in the whole value") {
    const auto error = decodeError(kRecord, octets("07 2a01 352a 1680"));
    CHECK(error.field == "systolic");
    CHECK(error.octet == 6);
    CHECK(error.message == "systolic: needs octets 6 to 7, the value has only 7 octets");
    const auto longer = decodeError(kRecord, octets("07 2a01 342b 00 8000 5200 6100 aa"));
    CHECK(longer.octet == 12);
    CHECK(longer.message == "end: the last field ends before octet 12, the value has 13 octets");
    const auto refused = measurement(kRecord, octets("07 2a01 352a 00 ff07 ff07 ff07"));
    CHECK(refused.refused == v1::REFUSED_FAILED);
    CHECK(refused.reading.source().record_number() == 298);
}

TEST_CASE("where the feature value says so a record ends with a CRC") {
    const auto value = octets("07 2a01 352a 1e800052006100ea070b17080e054700010400 c123");
    const auto m = measurement(kRecord, value, kWithCrc);
    CHECK_FALSE(m.refused);
    CHECK(shown(m, kSystolic) == "128 mm[Hg]");
    REQUIRE(m.embedded);
    CHECK(m.embedded->payload == embeddedPlain());
    CHECK(decodeError(kRecord, value).field == "end");
    for (std::size_t bit = 8; bit < value.size() * 8; ++bit) {
        CAPTURE(bit);
        auto wrong = value;
        wrong[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        const auto refused = measurement(kRecord, wrong, kWithCrc);
        CHECK(refused.refused == v1::REFUSED_CHECKSUM);
        CHECK(refused.reading.observations().empty());
        CHECK(refused.reading.device_time().empty());
    }
    for (std::size_t length = 0; length < 7; ++length) {
        CHECK(decodeError(kRecord, ByteView(value).first(length), kWithCrc).reason ==
              v1::REFUSED_TRUNCATED);
    }
    const auto empty = profiles::withCrc(octets("07 2a01 352a"));
    CHECK(decodeError(kRecord, empty, kWithCrc).field == "flags");
    CHECK(decodeError(kRecord, empty, kWithCrc).message ==
          "flags: needs octet 5, the value has only 5 octets (its CRC not counted)");
    const auto longer = profiles::withCrc(octets("07 2a01 352a 00 8000 5200 6100 aa"));
    CHECK(decodeError(kRecord, longer, kWithCrc).message ==
          "end: the last field ends before octet 12, the value has 13 octets (its CRC not "
          "counted)");
}

TEST_CASE("the fields of a record are told once each, those that it holds among them") {
    std::vector<FieldSpan> trace;
    profiles::DecodeOptions options = kWithCrc;
    options.trace = &trace;
    measurement(kRecord, profiles::withCrc(octets("07 2a01 352a 00 8000 5200 6100")), options);
    std::string told;
    for (const auto& span : trace) {
        told += fmt::format("{} {}+{}; ", span.field, span.offset, span.octets);
    }
    CHECK(told ==
          "segmentation header 0+1; sequence number 1+2; UUID of the record 3+2; flags 5+1; "
          "systolic 6+2; diastolic 8+2; mean 10+2; E2E-CRC 12+2; ");
}

}  // namespace vitalgate::testing
