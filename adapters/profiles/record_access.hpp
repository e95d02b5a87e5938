#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "adapters/profiles/profile.hpp"

// Record Access Control Point, 0x2A52: one characteristic, the same in the services that have
// records (Glucose 1.0, 3.5; Continuous Glucose Monitoring; Pulse Oximeter; Blood Pressure).
namespace vitalgate::profiles {

inline constexpr std::uint16_t kRecordAccess = 0x2A52;

enum class RecordOperation : std::uint8_t { report = 1, remove = 2, abort = 3, count = 4 };

/// What records are chosen by.
enum class RecordFilter : std::uint8_t {
    number = 1,  ///< sequence number; of continuous glucose the time offset in minutes
    userFacingTime = 2
};

/// What to write.
Bytes allRecords(RecordOperation operation);
/// Those whose number is `first` or above.
Bytes recordsFrom(RecordOperation operation, std::uint16_t first);
/// Those whose number is `last` or below.
Bytes recordsUpTo(RecordOperation operation, std::uint16_t last);
Bytes recordsBetween(RecordOperation operation, std::uint16_t first, std::uint16_t last);
Bytes abortRecords();

/// Codes of an answer that a conversation tells apart; recordAnswerWord() knows all.
inline constexpr std::uint8_t kRecordSuccess = 1;
inline constexpr std::uint8_t kRecordOperationUnsupported = 2;
inline constexpr std::uint8_t kRecordOperatorInvalid = 3;
inline constexpr std::uint8_t kRecordOperatorUnsupported = 4;
inline constexpr std::uint8_t kRecordOperandInvalid = 5;
inline constexpr std::uint8_t kRecordOperandUnsupported = 9;
inline constexpr std::uint8_t kNoRecords = 6;  ///< an answer like any other, no fault

/// What the device indicates at the end of a procedure.
struct RecordAnswer {
    std::uint8_t operation = 0;  ///< the requested one; 4 with a count
    std::uint8_t code = kRecordSuccess;
    std::optional<std::uint16_t> count;  ///< of an answer to RecordOperation::count
};
std::expected<RecordAnswer, DecodeError> decodeRecordAnswer(ByteView value);
/// "no-records", "operator-unsupported" …; "unknown" for a reserved code.
std::string_view recordAnswerWord(std::uint8_t code);

/// As a characteristic, for the table of each service that has it.
std::expected<Decoded, DecodeError> recordAccessFields(ByteView value,
                                                       const DecodeOptions& options);
inline constexpr CharacteristicSpec kRecordAccessCharacteristic{
    kRecordAccess, "Record Access Control Point", Role::control, recordAccessFields};

}  // namespace vitalgate::profiles
