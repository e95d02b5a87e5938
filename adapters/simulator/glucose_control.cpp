#include "adapters/simulator/glucose_control.hpp"

#include <algorithm>
#include <array>

#include "adapters/simulator/encode.hpp"

namespace vitalgate::simulator {

namespace {

constexpr auto kCrcMissing = AttError{0x80};
constexpr auto kCrcWrong = AttError{0x81};
constexpr std::size_t kCrcOctets = 2;

/// Op codes (Continuous Glucose Monitoring Service 1.0.1, table 3.16). Each limit has three: set,
/// get and the answer to get.
enum Operation : std::uint8_t {
    setInterval = 1,
    getInterval = 2,
    interval = 3,
    setCalibrationValue = 4,
    getCalibrationValue = 5,
    calibrationValue = 6,
    firstLimit = 7,
    lastLimit = 24,
    resetAlert = 25,
    startSession = 26,
    stopSession = 27,
    response = 28
};
constexpr int kOperationsOfLimit = 3;

enum Code : std::uint8_t {
    success = 1,
    operationUnsupported = 2,
    operandInvalid = 3,
    notCompleted = 4,
    outOfRange = 5
};

constexpr std::size_t kLimitOctets = 2;
constexpr std::size_t kCalibrationOctets = 10;
constexpr std::size_t kRecordNumberAt = 7;  ///< in a calibration
constexpr std::uint16_t kLastCalibration = 0xffff;

bool setsLimit(std::uint8_t operation) {
    return operation >= firstLimit && operation <= lastLimit &&
           (operation - firstLimit) % kOperationsOfLimit == 0;
}

bool getsLimit(std::uint8_t operation) {
    return operation >= firstLimit && operation <= lastLimit &&
           (operation - firstLimit) % kOperationsOfLimit == 1;
}

/// How many octets follow an op code.
std::size_t operandOctets(std::uint8_t operation) {
    if (operation == setInterval) return 1;
    if (operation == setCalibrationValue) return kCalibrationOctets;
    if (operation == getCalibrationValue || setsLimit(operation)) return kLimitOctets;
    return 0;
}

Bytes answer(std::uint8_t request, std::uint8_t code) {
    return {response, request, code};
}

}  // namespace

AttResult<void> checkedCrc(ByteView value, std::size_t octets, bool crc) {
    if (!crc) {
        if (value.size() != octets) return std::unexpected(AttError::invalidLength);
        return {};
    }
    if (value.size() == octets) return std::unexpected(kCrcMissing);
    if (value.size() != octets + kCrcOctets) return std::unexpected(AttError::invalidLength);
    const auto sent = value[octets] | value[octets + 1] << 8;
    if (sent != crc16(value.first(octets))) return std::unexpected(kCrcWrong);
    return {};
}

GlucoseControl::GlucoseControl(std::uint8_t intervalMinutes, bool crc)
    : intervalMinutes_(intervalMinutes), crc_(crc) {}

AttResult<Answer> GlucoseControl::write(ByteView value, bool isAnswering) {
    if (value.empty()) return std::unexpected(AttError::invalidLength);
    const auto checked = checkedCrc(value, 1 + operandOctets(value[0]), crc_);
    if (!checked) return std::unexpected(checked.error());
    if (isAnswering) return std::unexpected(AttError::procedureInProgress);
    auto octets = run(crc_ ? value.first(value.size() - kCrcOctets) : value);
    Answer out;
    out.outputs.push_back({kControlPoint, crc_ ? withCrc(std::move(octets)) : std::move(octets)});
    return out;
}

Bytes GlucoseControl::run(ByteView request) {
    const auto operation = request[0];
    if (setsLimit(operation) || getsLimit(operation)) return limit(request);
    switch (operation) {
        case setInterval:
            intervalMinutes_ = request[1];
            return answer(operation, success);
        case getInterval:
            return {interval, intervalMinutes_};
        case setCalibrationValue:
            return setCalibration(request);
        case getCalibrationValue:
            return calibration(request);
        case resetAlert:
            return answer(operation, success);
        case startSession:
            return start(operation);
        case stopSession:
            return stop(operation);
        default:
            return answer(operation, operationUnsupported);
    }
}

Bytes GlucoseControl::limit(ByteView request) {
    const auto operation = request[0];
    if (setsLimit(operation)) {
        limits_[operation] = Bytes(request.begin() + 1, request.end());
        return answer(operation, success);
    }
    const auto known = limits_.find(static_cast<std::uint8_t>(operation - 1));
    const auto value = known == limits_.end() ? Bytes(kLimitOctets, 0) : known->second;
    return ByteWriter{}.u8(static_cast<std::uint8_t>(operation + 1)).octets(value).bytes();
}

/// The record's number and status are the device's to give.
Bytes GlucoseControl::setCalibration(ByteView request) {
    if (!running_) return answer(request[0], notCompleted);
    const auto number = calibrations_.size() + 1;
    ByteWriter record;
    record.octets(request.subspan(1, kRecordNumberAt));
    record.u16(static_cast<std::uint16_t>(number)).u8(0);
    calibrations_.push_back(record.bytes());
    return answer(request[0], success);
}

Bytes GlucoseControl::calibration(ByteView request) const {
    const auto wanted = static_cast<std::size_t>(request[1] | request[2] << 8);
    const auto number = wanted == kLastCalibration ? calibrations_.size() : wanted;
    if (number == 0 || number > calibrations_.size()) return answer(request[0], outOfRange);
    return ByteWriter{}.u8(calibrationValue).octets(calibrations_[number - 1]).bytes();
}

Bytes GlucoseControl::start(std::uint8_t operation) {
    if (running_) return answer(operation, notCompleted);
    running_ = true;
    started_ = true;
    return answer(operation, success);
}

Bytes GlucoseControl::stop(std::uint8_t operation) {
    if (!running_) return answer(operation, notCompleted);
    running_ = false;
    return answer(operation, success);
}

}  // namespace vitalgate::simulator
