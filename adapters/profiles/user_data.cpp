#include "adapters/profiles/user_data.hpp"

#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"

// User Data Service 1.1: 2A99, 2A9A, 2A9F.
namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kResponse = 0x20;

constexpr std::array<std::string_view, 6> kOperations{
    "unknown", "register-user", "consent", "delete-own-data", "list-users", "delete-user"};
constexpr std::array<std::string_view, 6> kAnswers{
    "unknown",           "success",          "operation-unsupported",
    "parameter-invalid", "operation-failed", "user-not-authorised"};

/// An answer after its op code, and what it gives beside the code of success.
struct Answer {
    UserAnswer answer;
    std::optional<std::uint8_t> users;  ///< how many there are
};

Answer readAnswer(ByteReader& reader) {
    Answer out;
    out.answer.operation = reader.u8("requested op code");
    out.answer.code = reader.u8("response value");
    if (out.answer.code != kUserSuccess) return out;
    switch (UserOperation{out.answer.operation}) {
        case UserOperation::registerUser:
        case UserOperation::deleteUser:
            out.answer.index = reader.u8("user index");
            break;
        case UserOperation::listUsers:
            out.users = reader.u8("number of users");
            break;
        case UserOperation::consent:
        case UserOperation::deleteOwnData:
            break;
    }
    return out;
}

/// That there is a consent code, and never which.
void readConsentCode(ByteReader& reader, const DecodeOptions& options, std::vector<Field>& fields) {
    reader.u16("consent code");
    hideLast(reader, options);
    fields.push_back({"consentCode", true});
}

void readUserIndex(ByteReader& reader, std::vector<Field>& fields) {
    fields.push_back({"userIndex", static_cast<double>(reader.u8("user index"))});
}

void readParameters(ByteReader& reader, std::uint8_t operation, const DecodeOptions& options,
                    std::vector<Field>& fields) {
    switch (UserOperation{operation}) {
        case UserOperation::registerUser:
            readConsentCode(reader, options, fields);
            return;
        case UserOperation::consent:
            readUserIndex(reader, fields);
            readConsentCode(reader, options, fields);
            return;
        case UserOperation::deleteUser:
            readUserIndex(reader, fields);
            return;
        case UserOperation::deleteOwnData:
        case UserOperation::listUsers:
            return;
    }
    reader.octets(reader.remaining(), "parameter");
}

DecodeResult decodeControl(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto operation = reader.u8("op code");
    if (operation != kResponse) {
        std::vector<Field> fields{{"operation", std::string(wordOf(kOperations, operation))}};
        readParameters(reader, operation, options, fields);
        return conclude(std::move(fields), reader, options);
    }
    const auto [answer, users] = readAnswer(reader);
    std::vector<Field> fields{
        {"operation", std::string("response")},
        {"requested", std::string(wordOf(kOperations, answer.operation))},
        {"answer", std::string(userAnswerWord(answer.code))},
    };
    if (answer.index) fields.push_back({"userIndex", static_cast<double>(*answer.index)});
    if (users) fields.push_back({"users", static_cast<double>(*users)});
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeChangeIncrement(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    std::vector<Field> fields{
        {"databaseChangeIncrement", static_cast<double>(reader.u32("change increment"))}};
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeIndex(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto index = reader.u8("user index");
    const bool isKnown = index != kUnknownUserIndex;
    std::vector<Field> fields{isKnown ? Field{"userIndex", static_cast<double>(index)}
                                      : noNumber("userIndex")};
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{kDatabaseChangeIncrement, "Database Change Increment", Role::conversation,
                       decodeChangeIncrement},
    CharacteristicSpec{kUserIndex, "User Index", Role::conversation, decodeIndex},
    CharacteristicSpec{kUserControlPoint, "User Control Point", Role::control, decodeControl},
};

constexpr Profile kProfile{0x181C, "", "User Data", kCharacteristics};

}  // namespace

const Profile& userDataProfile() {
    return kProfile;
}

Bytes registerUser(std::uint16_t consentCode) {
    ByteWriter out;
    out.u8(static_cast<std::uint8_t>(UserOperation::registerUser)).u16(consentCode);
    return out.bytes();
}

Bytes consentUser(std::uint8_t index, std::uint16_t consentCode) {
    ByteWriter out;
    out.u8(static_cast<std::uint8_t>(UserOperation::consent)).u8(index).u16(consentCode);
    return out.bytes();
}

std::expected<UserAnswer, DecodeError> decodeUserAnswer(ByteView value) {
    ByteReader reader(value);
    const auto operation = reader.u8("op code");
    const auto answer = readAnswer(reader).answer;
    if (auto error = lengthError(reader, false)) return std::unexpected(std::move(*error));
    if (operation == kResponse) return answer;
    return std::unexpected(
        DecodeError{v1::REFUSED_MALFORMED, "op code", 0, "op code: octet 0 is that of no answer"});
}

std::string_view userAnswerWord(std::uint8_t code) {
    return wordOf(kAnswers, code);
}

}  // namespace vitalgate::profiles
