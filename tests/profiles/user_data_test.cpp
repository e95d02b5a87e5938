#include "adapters/profiles/user_data.hpp"

#include "tests/profiles/samples.hpp"

namespace vitalgate::testing {

namespace {

using profiles::kUserControlPoint;
using profiles::UserOperation;

constexpr std::uint8_t number(UserOperation operation) {
    return static_cast<std::uint8_t>(operation);
}

}  // namespace

TEST_CASE("requests have the layout of the control point") {
    CHECK(toHex(profiles::registerUser(1234)) == "01d204");
    CHECK(toHex(profiles::consentUser(2, 9999)) == "02020f27");
}

TEST_CASE("a request shows that there is a consent code, and never which") {
    CHECK(json(kUserControlPoint, "01 d204") ==
          R"({"operation":"register-user","consentCode":true})");
    CHECK(json(kUserControlPoint, "02 01 d204") ==
          R"({"operation":"consent","userIndex":1,"consentCode":true})");
    CHECK(json(kUserControlPoint, "02 01 0000") == json(kUserControlPoint, "02 01 0f27"));
    checkPrefixes(kUserControlPoint, octets("01d204"));
    checkPrefixes(kUserControlPoint, octets("0201d204"));
    checkTrailing(kUserControlPoint, octets("01d204"));
    checkTrailing(kUserControlPoint, octets("0201d204"));
}

TEST_CASE("every other request has its word") {
    CHECK(json(kUserControlPoint, "03") == R"({"operation":"delete-own-data"})");
    CHECK(json(kUserControlPoint, "04") == R"({"operation":"list-users"})");
    CHECK(json(kUserControlPoint, "05 03") == R"({"operation":"delete-user","userIndex":3})");
    CHECK(json(kUserControlPoint, "06 0102") == R"({"operation":"unknown"})");
    CHECK(json(kUserControlPoint, "00") == R"({"operation":"unknown"})");
    checkTrailing(kUserControlPoint, octets("03"));
    checkTrailing(kUserControlPoint, octets("0503"));
    checkPrefixes(kUserControlPoint, octets("0503"));
}

TEST_CASE("an answer says what was asked and how it ended") {
    CHECK(json(kUserControlPoint, "20 01 01 02") ==
          R"({"operation":"response","requested":"register-user","answer":"success",)"
          R"("userIndex":2})");
    CHECK(json(kUserControlPoint, "20 04 01 03") ==
          R"({"operation":"response","requested":"list-users","answer":"success","users":3})");
    CHECK(json(kUserControlPoint, "20 02 05") ==
          R"({"operation":"response","requested":"consent","answer":"user-not-authorised"})");
    checkPrefixes(kUserControlPoint, octets("20010102"));
    checkPrefixes(kUserControlPoint, octets("200205"));
    checkTrailing(kUserControlPoint, octets("20010102"));
    checkTrailing(kUserControlPoint, octets("200205"));
    checkBitFlips(kUserControlPoint, octets("20010102"));
}

TEST_CASE("a conversation learns the index of the user that was registered") {
    const auto answer = profiles::decodeUserAnswer(octets("20010102"));
    REQUIRE(answer);
    CHECK(answer->operation == number(UserOperation::registerUser));
    CHECK(answer->code == profiles::kUserSuccess);
    CHECK(answer->index == 2);
    CHECK(profiles::decodeUserAnswer(octets("20050103"))->index == 3);
}

TEST_CASE("a consent is granted or refused without an index") {
    const auto granted = profiles::decodeUserAnswer(octets("200201"));
    REQUIRE(granted);
    CHECK(granted->operation == number(UserOperation::consent));
    CHECK(granted->code == profiles::kUserSuccess);
    CHECK_FALSE(granted->index);
    const auto refused = profiles::decodeUserAnswer(octets("200205"));
    REQUIRE(refused);
    CHECK(refused->code == profiles::kUserNotAuthorised);
    CHECK_FALSE(profiles::decodeUserAnswer(octets("200104"))->index);
    CHECK_FALSE(profiles::decodeUserAnswer(octets("20040102"))->index);
}

TEST_CASE("what is no answer is refused and names no value") {
    CHECK(profiles::decodeUserAnswer(octets("2001")).error().message ==
          "response value: needs octet 2, the value has only 2 octets");
    CHECK(profiles::decodeUserAnswer(octets("200101")).error().field == "user index");
    CHECK(profiles::decodeUserAnswer(octets("20020100")).error().field == "end");
    const auto request = profiles::decodeUserAnswer(octets("020105"));
    REQUIRE_FALSE(request);
    CHECK(request.error().reason == v1::REFUSED_MALFORMED);
    CHECK(request.error().message == "op code: octet 0 is that of no answer");
}

TEST_CASE("each code of an answer has its word") {
    CHECK(profiles::userAnswerWord(profiles::kUserSuccess) == "success");
    CHECK(profiles::userAnswerWord(profiles::kUserOperationUnsupported) == "operation-unsupported");
    CHECK(profiles::userAnswerWord(profiles::kUserParameterInvalid) == "parameter-invalid");
    CHECK(profiles::userAnswerWord(profiles::kUserOperationFailed) == "operation-failed");
    CHECK(profiles::userAnswerWord(profiles::kUserNotAuthorised) == "user-not-authorised");
    CHECK(profiles::userAnswerWord(0) == "unknown");
    CHECK(profiles::userAnswerWord(6) == "unknown");
}

TEST_CASE("the change increment is a number and the unknown user index is left out") {
    CHECK(json(profiles::kDatabaseChangeIncrement, "01020000") ==
          R"({"databaseChangeIncrement":513})");
    CHECK(json(profiles::kDatabaseChangeIncrement, "ffffffff") ==
          R"({"databaseChangeIncrement":4294967295})");
    CHECK(json(profiles::kUserIndex, "02") == R"({"userIndex":2})");
    CHECK(json(profiles::kUserIndex, "ff") == R"({"userIndex":"unknown"})");
    checkPrefixes(profiles::kDatabaseChangeIncrement, octets("01020000"));
    checkTrailing(profiles::kDatabaseChangeIncrement, octets("01020000"));
    checkPrefixes(profiles::kUserIndex, octets("02"));
    checkTrailing(profiles::kUserIndex, octets("02"));
}

TEST_CASE("an explanation leaves out the octets of a code") {
    for (const auto* hex : {"01 d204", "02 01 d204"}) {
        std::vector<FieldSpan> fields;
        profiles::DecodeOptions options;
        options.trace = &fields;
        CHECK(json(profiles::kUserControlPoint, hex, options).contains("consentCode"));
        CHECK_FALSE(fields.empty());
        for (const auto& field : fields) CHECK(field.field != "consent code");
    }
}

}  // namespace vitalgate::testing
