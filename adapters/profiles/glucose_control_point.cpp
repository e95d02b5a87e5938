#include "adapters/profiles/glucose_control_point.hpp"

#include <array>
#include <cmath>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/e2e_crc.hpp"
#include "adapters/profiles/glucose_sample.hpp"

namespace vitalgate::profiles {

namespace {

enum Operation : std::uint8_t {
    setInterval = 1,
    getInterval = 2,
    intervalAnswer = 3,
    setCalibration = 4,
    getCalibration = 5,
    calibrationAnswer = 6,
    firstLimit = 7,
    lastLimit = 24,
    resetAlert = 25,
    startSession = 26,
    stopSession = 27,
    answer = 28,
};

/// Three for each limit, in the order of GlucoseLimit: set, get, and the answer with the value.
constexpr std::uint8_t kOperationsPerLimit = 3;
enum LimitOperation : std::uint8_t { setLimit = 0, getLimit = 1, limitAnswer = 2 };

constexpr std::array<std::string_view, 6> kLimits{"patient-high", "patient-low", "hypo",
                                                  "hyper",        "fall-rate",   "rise-rate"};

constexpr std::array<std::string_view, 29> kOperations{
    "unknown",          "set-interval",       "get-interval",    "interval",
    "set-calibration",  "get-calibration",    "calibration",     "set-patient-high",
    "get-patient-high", "patient-high",       "set-patient-low", "get-patient-low",
    "patient-low",      "set-hypo",           "get-hypo",        "hypo",
    "set-hyper",        "get-hyper",          "hyper",           "set-fall-rate",
    "get-fall-rate",    "fall-rate",          "set-rise-rate",   "get-rise-rate",
    "rise-rate",        "reset-device-alert", "start-session",   "stop-session",
    "answer",
};

constexpr std::array<std::string_view, 6> kAnswers{
    "unknown", "success", "unsupported", "invalid-operand", "not-completed", "out-of-range"};

constexpr std::uint8_t kRejected = 0x01;
constexpr std::uint8_t kOutOfRange = 0x02;
constexpr std::uint8_t kPending = 0x04;
constexpr std::array kCalibrationWords{
    flagWord(kRejected, "rejected"),
    flagWord(kOutOfRange, "out-of-range"),
    flagWord(kPending, "pending"),
};

bool isLimit(std::uint8_t operation) {
    return operation >= firstLimit && operation <= lastLimit;
}
GlucoseLimit limitOf(std::uint8_t operation) {
    return static_cast<GlucoseLimit>((operation - firstLimit) / kOperationsPerLimit);
}
std::uint8_t limitOperationOf(std::uint8_t operation) {
    return static_cast<std::uint8_t>((operation - firstLimit) % kOperationsPerLimit);
}
std::uint8_t operationOf(GlucoseLimit limit, LimitOperation which) {
    return static_cast<std::uint8_t>(firstLimit + static_cast<int>(limit) * kOperationsPerLimit +
                                     which);
}

Bytes finish(const ByteWriter& request, bool hasCrc) {
    return hasCrc ? withCrc(request.bytes()) : request.bytes();
}

Bytes withoutOperand(std::uint8_t operation, bool hasCrc) {
    return finish(ByteWriter().u8(operation), hasCrc);
}

GlucoseCalibration readCalibration(ByteReader& reader) {
    GlucoseCalibration calibration;
    calibration.concentration = readShortFloat(reader, "concentration");
    calibration.sampledMinutes = reader.u16("calibration time");
    const auto both = reader.u8("type and location");
    calibration.type = both & 0x0FU;
    calibration.location = both >> 4U;
    calibration.nextMinutes = reader.u16("next calibration time");
    calibration.record = reader.u16("calibration record number");
    const auto status = reader.u8("calibration status");
    calibration.isRejected = (status & kRejected) != 0;
    calibration.isOutOfRange = (status & kOutOfRange) != 0;
    calibration.isPending = (status & kPending) != 0;
    return calibration;
}

std::uint8_t statusOf(const GlucoseCalibration& calibration) {
    return static_cast<std::uint8_t>((calibration.isRejected ? kRejected : 0) |
                                     (calibration.isOutOfRange ? kOutOfRange : 0) |
                                     (calibration.isPending ? kPending : 0));
}

void addNumber(std::vector<Field>& fields, std::string name, const Number& number) {
    if (!number) return fields.push_back(noNumber(std::move(name), number.error()));
    fields.push_back({std::move(name), number->value, number->decimals});
}

void addCalibration(std::vector<Field>& fields, const GlucoseCalibration& calibration) {
    addNumber(fields, "concentrationMgDl", calibration.concentration);
    fields.push_back({"sampledMin", double(calibration.sampledMinutes)});
    fields.push_back({"type", std::string(glucoseTypeWord(calibration.type))});
    fields.push_back({"location", std::string(glucoseLocationWord(calibration.location))});
    fields.push_back({"nextMin", double(calibration.nextMinutes)});
    fields.push_back({"record", double(calibration.record)});
    fields.push_back({"status", flagWords(statusOf(calibration), kCalibrationWords)});
}

void readLimit(ByteReader& reader, std::uint8_t operation, std::vector<Field>& fields) {
    if (limitOperationOf(operation) == getLimit) return;
    const bool isRate = limitOf(operation) >= GlucoseLimit::fallRate;
    addNumber(fields, isRate ? "limitMgDlMin" : "limitMgDl", readShortFloat(reader, "limit"));
}

/// An op code that is reserved may have any operand, up to the CRC.
void readUnknown(ByteReader& reader, bool hasCrc) {
    const std::size_t crcOctets = hasCrc ? 2 : 0;
    if (reader.remaining() > crcOctets) reader.octets(reader.remaining() - crcOctets, "operand");
}

void readOperand(ByteReader& reader, std::uint8_t operation, bool hasCrc,
                 std::vector<Field>& fields) {
    if (isLimit(operation)) return readLimit(reader, operation, fields);
    switch (operation) {
        case setInterval:
        case intervalAnswer:
            fields.push_back({"intervalMin", double(reader.u8("interval"))});
            break;
        case getCalibration:
            fields.push_back({"record", double(reader.u16("calibration record number"))});
            break;
        case setCalibration:
        case calibrationAnswer:
            addCalibration(fields, readCalibration(reader));
            break;
        case answer:
            fields.push_back(
                {"requested", std::string(wordOf(kOperations, reader.u8("requested op code")))});
            fields.push_back({"answer", std::string(wordOf(kAnswers, reader.u8("response code")))});
            break;
        case getInterval:
        case resetAlert:
        case startSession:
        case stopSession:
            break;
        default:
            readUnknown(reader, hasCrc);
    }
}

/// False for an op code that is that of no answer.
bool readAnswer(ByteReader& reader, std::uint8_t operation, GlucoseAnswer& out) {
    // The answer with a value has the op code after that of the request.
    out.operation = static_cast<std::uint8_t>(operation - 1);
    if (operation == answer) {
        out.operation = reader.u8("requested op code");
        out.code = reader.u8("response code");
    } else if (operation == intervalAnswer) {
        out.intervalMinutes = reader.u8("interval");
    } else if (operation == calibrationAnswer) {
        out.calibration = readCalibration(reader);
    } else if (isLimit(operation) && limitOperationOf(operation) == limitAnswer) {
        out.limit = limitOf(operation);
        out.limitValue = readShortFloat(reader, "limit");
    } else {
        return false;
    }
    return true;
}

}  // namespace

Bytes getGlucoseInterval(bool hasCrc) {
    return withoutOperand(getInterval, hasCrc);
}

Bytes setGlucoseInterval(std::uint8_t minutes, bool hasCrc) {
    return finish(ByteWriter().u8(setInterval).u8(minutes), hasCrc);
}

Bytes getGlucoseCalibration(std::uint16_t record, bool hasCrc) {
    return finish(ByteWriter().u8(getCalibration).u16(record), hasCrc);
}

std::optional<Bytes> setGlucoseCalibration(const GlucoseCalibration& calibration, bool hasCrc) {
    const auto& said = calibration.concentration;
    if (!said) return std::nullopt;
    const auto concentration = encodeShortFloat(said->value, said->decimals);
    if (!concentration) return std::nullopt;
    const auto both = (calibration.type & 0x0FU) | (calibration.location & 0x0FU) << 4U;
    ByteWriter request;
    request.u8(setCalibration).u16(*concentration).u16(calibration.sampledMinutes);
    request.u8(static_cast<std::uint8_t>(both)).u16(calibration.nextMinutes);
    request.u16(calibration.record).u8(statusOf(calibration));
    return finish(request, hasCrc);
}

Bytes getGlucoseLimit(GlucoseLimit limit, bool hasCrc) {
    return withoutOperand(operationOf(limit, getLimit), hasCrc);
}

std::optional<Bytes> setGlucoseLimit(GlucoseLimit limit, const Decimal& value, bool hasCrc) {
    const auto number = encodeShortFloat(value.value, value.decimals);
    if (!number) return std::nullopt;
    return finish(ByteWriter().u8(operationOf(limit, setLimit)).u16(*number), hasCrc);
}

std::string_view glucoseLimitWord(GlucoseLimit limit) {
    return kLimits[static_cast<std::size_t>(limit)];
}

Bytes resetGlucoseAlert(bool hasCrc) {
    return withoutOperand(resetAlert, hasCrc);
}

Bytes startGlucoseSession(bool hasCrc) {
    return withoutOperand(startSession, hasCrc);
}

Bytes stopGlucoseSession(bool hasCrc) {
    return withoutOperand(stopSession, hasCrc);
}

std::expected<GlucoseAnswer, DecodeError> decodeGlucoseAnswer(ByteView value, bool hasCrc) {
    ByteReader reader(value);
    const auto operation = reader.u8("op code");
    GlucoseAnswer out;
    const bool isAnswer = reader.failure() || readAnswer(reader, operation, out);
    if (!isAnswer) {
        return std::unexpected(DecodeError{v1::REFUSED_MALFORMED, "op code", 0,
                                           "op code: octet 0 is that of no answer"});
    }
    return unlessWrong(std::move(out), endError(reader, value, hasCrc));
}

std::string_view glucoseOperationWord(std::uint8_t operation) {
    return wordOf(kOperations, operation);
}

std::string_view glucoseAnswerWord(std::uint8_t code) {
    return wordOf(kAnswers, code);
}

DecodeResult glucoseControlFields(ByteView value, const DecodeOptions& options, bool hasCrc) {
    ByteReader reader(value, options.trace);
    const auto operation = reader.u8("op code");
    std::vector<Field> fields{{"operation", std::string(wordOf(kOperations, operation))}};
    readOperand(reader, operation, hasCrc, fields);
    return unlessWrong(std::move(fields), endError(reader, value, hasCrc));
}

}  // namespace vitalgate::profiles
