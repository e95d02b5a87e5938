#include "adapters/profiles/record_access.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

constexpr std::uint16_t kRecordAccess = profiles::kRecordAccess;
using profiles::RecordOperation;

profiles::RecordAnswer answer(std::string_view hex) {
    const auto decoded = profiles::decodeRecordAnswer(octets(hex));
    if (!decoded) FAIL(decoded.error().message);
    return *decoded;
}

profiles::DecodeError answerError(std::string_view hex) {
    const auto decoded = profiles::decodeRecordAnswer(octets(hex));
    REQUIRE_FALSE(decoded);
    return decoded.error();
}

}  // namespace

TEST_CASE("requests for records are those of the specification") {
    CHECK(toHex(profiles::allRecords(RecordOperation::report)) == "0101");
    CHECK(toHex(profiles::allRecords(RecordOperation::count)) == "0401");
    CHECK(toHex(profiles::allRecords(RecordOperation::remove)) == "0201");
    CHECK(toHex(profiles::recordsFrom(RecordOperation::report, 0x0102)) == "0103010201");
    CHECK(toHex(profiles::recordsFrom(RecordOperation::count, 65535)) == "040301ffff");
    CHECK(toHex(profiles::recordsBetween(RecordOperation::remove, 1, 258)) == "02040101000201");
    CHECK(toHex(profiles::abortRecords()) == "0300");
}

TEST_CASE("the answer to a report tells what was asked and how it ended") {
    CHECK(answer("06 00 01 01").operation == 1);
    CHECK(answer("06 00 01 01").code == profiles::kRecordSuccess);
    CHECK(answer("06 00 01 06").code == profiles::kNoRecords);
    CHECK(answer("06 00 02 02").operation == 2);
    CHECK(answer("06 00 02 02").code == profiles::kRecordOperationUnsupported);
    CHECK_FALSE(answer("06 00 01 01").count);
}

TEST_CASE("the answer to a count has the number") {
    const auto count = answer("05 00 0201");
    CHECK(count.operation == 4);
    CHECK(count.code == profiles::kRecordSuccess);
    CHECK(count.count == 0x0102);
}

TEST_CASE("what is no answer is refused") {
    CHECK(answerError("01 01 0000").reason == v1::REFUSED_MALFORMED);
    CHECK(answerError("01 01 0000").field == "op code");
    CHECK(answerError("06 00 01").reason == v1::REFUSED_TRUNCATED);
    CHECK(answerError("05 00 02").field == "number of records");
    CHECK(answerError("05 00 0200 00").reason == v1::REFUSED_MALFORMED);
    CHECK(answerError("").reason == v1::REFUSED_TRUNCATED);
}

TEST_CASE("every response code has its word") {
    const std::array<std::string_view, 11> words{"unknown",
                                                 "success",
                                                 "operation-unsupported",
                                                 "operator-invalid",
                                                 "operator-unsupported",
                                                 "operand-invalid",
                                                 "no-records",
                                                 "abort-failed",
                                                 "not-completed",
                                                 "operand-unsupported",
                                                 "server-busy"};
    for (std::uint8_t code = 0; code < words.size(); ++code) {
        CHECK(profiles::recordAnswerWord(code) == words[code]);
    }
    CHECK(profiles::recordAnswerWord(11) == "unknown");
    CHECK(profiles::recordAnswerWord(255) == "unknown");
}

TEST_CASE("requests and answers of the control point are named fields") {
    CHECK(json(kRecordAccess, "0101") == R"({"operation":"report-records","operator":"all"})");
    CHECK(json(kRecordAccess, "0103010201") ==
          R"({"operation":"report-records","operator":"at-least","filter":"number","first":258})");
    CHECK(json(kRecordAccess, "0102010201") ==
          R"({"operation":"report-records","operator":"at-most","filter":"number","last":258})");
    CHECK(
        json(kRecordAccess, "02040101000201") ==
        R"({"operation":"delete-records","operator":"between","filter":"number","first":1,"last":258})");
    CHECK(
        json(kRecordAccess, "010302ea070b17080e05") ==
        R"({"operation":"report-records","operator":"at-least","filter":"user-facing-time","first":"2026-11-23T08:14:05"})");
    CHECK(
        json(kRecordAccess, "020202ea070b17080e05") ==
        R"({"operation":"delete-records","operator":"at-most","filter":"user-facing-time","last":"2026-11-23T08:14:05"})");
    CHECK(
        json(kRecordAccess, "040402ea070b17080e05ea070b18000000") ==
        R"({"operation":"count-records","operator":"between","filter":"user-facing-time","first":"2026-11-23T08:14:05","last":"2026-11-24T00:00:00"})");
    CHECK(json(kRecordAccess, "0103030102030405") ==
          R"({"operation":"report-records","operator":"at-least","filter":"unknown"})");
    CHECK(json(kRecordAccess, "0300") == R"({"operation":"abort","operator":"none"})");
    CHECK(json(kRecordAccess, "05000201") == R"({"operation":"count-response","records":258})");
    CHECK(json(kRecordAccess, "06000106") ==
          R"({"operation":"response","requested":"report-records","answer":"no-records"})");
    CHECK(json(kRecordAccess, "ff09") == R"({"operation":"unknown","operator":"unknown"})");
}

TEST_CASE("every octet short or wrong of the control point is noticed") {
    for (const auto* hex : {"0101", "0103010201", "02040101000201", "010302ea070b17080e05",
                            "040402ea070b17080e05ea070b18000000", "05000201", "06000106"}) {
        checkPrefixes(kRecordAccess, octets(hex));
        checkBitFlips(kRecordAccess, octets(hex));
        checkTrailing(kRecordAccess, octets(hex));
    }
}

}  // namespace vitalgate::testing
