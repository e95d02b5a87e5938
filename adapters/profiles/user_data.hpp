#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "adapters/profiles/profile.hpp"

// User Data Service 1.1: which of a device's users a conversation is for. A device with several
// users gives nobody's data before the user has consented.
namespace vitalgate::profiles {

inline constexpr std::uint16_t kDatabaseChangeIncrement = 0x2A99;
inline constexpr std::uint16_t kUserIndex = 0x2A9A;
inline constexpr std::uint16_t kUserControlPoint = 0x2A9F;

/// A user index that names nobody.
inline constexpr std::uint8_t kUnknownUserIndex = 0xFF;
/// A consent code has at most four decimal digits. It is a secret.
inline constexpr std::uint16_t kHighestConsentCode = 9999;

enum class UserOperation : std::uint8_t {
    registerUser = 1,
    consent = 2,
    deleteOwnData = 3,
    listUsers = 4,
    deleteUser = 5,
};

/// What to write into the control point.
Bytes registerUser(std::uint16_t consentCode);
Bytes consentUser(std::uint8_t index, std::uint16_t consentCode);

inline constexpr std::uint8_t kUserSuccess = 1;
inline constexpr std::uint8_t kUserOperationUnsupported = 2;
inline constexpr std::uint8_t kUserParameterInvalid = 3;
inline constexpr std::uint8_t kUserOperationFailed = 4;
inline constexpr std::uint8_t kUserNotAuthorised = 5;

/// What the device indicates at the end of a procedure.
struct UserAnswer {
    std::uint8_t operation = 0;  ///< the requested one
    std::uint8_t code = kUserSuccess;
    std::optional<std::uint8_t> index;  ///< of the user that was registered or deleted
};
std::expected<UserAnswer, DecodeError> decodeUserAnswer(ByteView value);
/// "user-not-authorised" …; "unknown" for a reserved code.
std::string_view userAnswerWord(std::uint8_t code);

}  // namespace vitalgate::profiles
