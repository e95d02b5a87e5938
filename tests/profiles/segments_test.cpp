#include "adapters/profiles/segments.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using profiles::Segments;

constexpr std::uint8_t kFirst = 1;
constexpr std::uint8_t kLast = 2;

/// A segment that carries `length` octets.
Bytes segment(unsigned bits, unsigned counter, std::size_t length, std::uint8_t octet = 0xAA) {
    Bytes bytes(length + 1, octet);
    bytes[0] = static_cast<std::uint8_t>(bits | counter % 64 << 2U);
    return bytes;
}

/// The joined value as hexadecimal, "more", or the reason for which it is none.
std::string taken(Segments& segments, ByteView value) {
    const auto result = segments.take(value);
    if (!result) return v1::MeasurementRefusal_Name(result.error().reason);
    return *result ? toHex(**result) : "more";
}

std::string taken(Segments& segments, std::string_view hex) {
    return taken(segments, octets(hex));
}

}  // namespace

TEST_CASE("a value of one segment comes out as it came") {
    Segments segments;
    CHECK(taken(segments, "07 0102") == "070102");
    CHECK(taken(segments, "ff") == "ff");
    CHECK_FALSE(segments.isUnfinished());
}

TEST_CASE("segments are joined behind the first header, which then says last too") {
    Segments segments;
    CHECK(taken(segments, "05 0102") == "more");
    CHECK(segments.isUnfinished());
    CHECK(taken(segments, "08 03") == "more");
    CHECK(taken(segments, "0e 0405") == "070102030405");
    CHECK_FALSE(segments.isUnfinished());
    CHECK(taken(segments, "11 06") == "more");
    CHECK(taken(segments, "16 07") == "130607");
}

TEST_CASE("the counter rolls on from 63 to 0") {
    Segments segments;
    CHECK(taken(segments, "fd 01") == "more");
    CHECK(taken(segments, "02 02") == "ff0102");
}

TEST_CASE("a segment that is missing, out of order or repeated gives the value up") {
    for (const auto* next : {"0e 03", "06 03", "02 03"}) {
        CAPTURE(next);
        Segments segments;
        CHECK(taken(segments, "05 01") == "more");
        CHECK(taken(segments, next) == "REFUSED_TRUNCATED");
        CHECK_FALSE(segments.isUnfinished());
        CHECK(taken(segments, "12 04") == "REFUSED_TRUNCATED");
        CHECK(taken(segments, "15 05") == "more");
        CHECK(taken(segments, "1a 06") == "170506");
    }
}

TEST_CASE("a value whose beginning was not heard is refused with the field that says so") {
    Segments segments;
    const auto result = segments.take(octets("02 01"));
    REQUIRE_FALSE(result);
    CHECK(result.error().field == "segmentation header");
    CHECK(result.error().octet == 0);
    CHECK(result.error().message ==
          "segmentation header: octet 0 says that a segment before this one is missing");
}

TEST_CASE("a first segment begins anew, whatever was unfinished") {
    Segments segments;
    CHECK(taken(segments, "05 01") == "more");
    CHECK(taken(segments, "09 02") == "more");
    CHECK(taken(segments, "0e 03") == "0b0203");
}

TEST_CASE("what another value takes the place of is given out as far as it had come, once") {
    Segments segments;
    CHECK_FALSE(segments.cutShortBy(octets("05 01")));
    CHECK(taken(segments, "05 01") == "more");
    for (const auto* next : {"", "08 02", "0a 02"}) {
        CAPTURE(next);
        CHECK_FALSE(segments.cutShortBy(octets(next)));
    }
    CHECK(taken(segments, "08 02") == "more");
    CHECK(segments.cutShortBy(octets("0f 03")) == octets("05 01 02"));
    CHECK_FALSE(segments.cutShortBy(octets("0f 03")));
    CHECK(taken(segments, "0f 03") == "0f03");
    CHECK_FALSE(segments.cutShortBy(octets("11 04")));
}

TEST_CASE("4096 octets are a value and one more is none") {
    Segments segments;
    CHECK(taken(segments, segment(kFirst, 0, 500)) == "more");
    for (unsigned i = 1; i < 8; ++i) CHECK(taken(segments, segment(0, i, 500)) == "more");
    const auto most = segments.take(segment(kLast, 8, 95));
    REQUIRE(most);
    REQUIRE(*most);
    CHECK((*most)->size() == Segments::kMostOctets);

    CHECK(taken(segments, segment(kFirst, 0, 500)) == "more");
    for (unsigned i = 1; i < 8; ++i) CHECK(taken(segments, segment(0, i, 500)) == "more");
    CHECK(taken(segments, segment(kLast, 8, 96)) == "REFUSED_MALFORMED");
    CHECK_FALSE(segments.isUnfinished());
    CHECK(taken(segments, "03 01") == "0301");
}

TEST_CASE("a segment without a header is truncated, one that no attribute holds malformed") {
    Segments segments;
    CHECK(taken(segments, "") == "REFUSED_TRUNCATED");
    CHECK(taken(segments, segment(kFirst | kLast, 0, 511)).size() == 1024);
    CHECK(taken(segments, segment(kFirst | kLast, 0, 512)) == "REFUSED_MALFORMED");
}

}  // namespace vitalgate::testing
