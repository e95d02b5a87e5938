#include "adapters/session/glucose_commands.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/glucose_sample.hpp"
#include "adapters/session/command_results.hpp"

namespace vitalgate::session {

namespace {

namespace chr = std::chrono;

constexpr std::uint16_t kMeasurementInterval = 0x2A21;
constexpr std::uint8_t kNoLocation = 15;
constexpr std::uint32_t kHighest = 0xFFFF;
constexpr std::uint32_t kLongestIntervalMinutes = 254;
constexpr std::array kLimits{
    profiles::GlucoseLimit::patientHigh, profiles::GlucoseLimit::patientLow,
    profiles::GlucoseLimit::hypo,        profiles::GlucoseLimit::hyper,
    profiles::GlucoseLimit::fallRate,    profiles::GlucoseLimit::riseRate};

/// Reserved numbers have no word.
using WordOf = std::string_view (*)(std::uint8_t number);
std::optional<std::uint8_t> numberOf(const std::string& word, WordOf wordOf) {
    constexpr std::uint8_t kNumbers = 16;
    for (std::uint8_t number = 0; number < kNumbers; ++number) {
        if (!word.empty() && wordOf(number) == word && word != "unknown") return number;
    }
    return std::nullopt;
}

/// With a digit behind the point where it says something, and the format has room for it.
profiles::Decimal decimalOf(double value) {
    constexpr double kHighestWithDigit = 204.5;
    const bool isWhole =
        std::abs(value - std::round(value)) < 0.05 || std::abs(value) > kHighestWithDigit;
    return {codes::roundTo(value, isWhole ? 0 : 1), isWhole ? 0U : 1U};
}

bool isRate(profiles::GlucoseLimit limit) {
    return limit == profiles::GlucoseLimit::fallRate || limit == profiles::GlucoseLimit::riseRate;
}

/// An alarm that no person's glucose can set off is none.
bool canBeReached(profiles::GlucoseLimit limit, double value) {
    constexpr double kFastestRate = 20;  // mg/dL/min
    if (isRate(limit)) return value > 0 && value <= kFastestRate;
    return codes::isPlausible(codes::observation(codes::Term::glucoseInterstitial), value);
}

/// The limit in the unit of the sensor; nothing if it is in another one.
std::optional<profiles::Decimal> inUnitOf(profiles::GlucoseLimit limit,
                                          const v1::SetAlertLimit& asked) {
    const std::string_view unit = isRate(limit) ? "mg/dL/min" : "mg/dL";
    if (!std::isfinite(asked.value())) return std::nullopt;
    if (asked.unit() == unit) return decimalOf(asked.value());
    const auto converted = codes::convert(asked.value(), 1, asked.unit(), unit);
    return converted ? std::optional(decimalOf(converted->value)) : std::nullopt;
}

}  // namespace

/// The final result of a request to the sensor.
asio::awaitable<v1::CommandResult> GlucoseCommands::write(Bytes request) {
    const auto value = co_await glucose_.ask(std::move(request));
    if (!value) co_return failedResult(value.error());
    const auto answer = profiles::decodeGlucoseAnswer(*value, glucose_.hasCrc());
    if (answer && answer->code == profiles::kGlucoseSuccess) co_return doneResult();
    const auto word = answer ? profiles::glucoseAnswerWord(answer->code) : "nothing to be read";
    co_return failedResult({ErrorKind::refused, fmt::format("the device answers {}", word)});
}

asio::awaitable<v1::CommandResult> GlucoseCommands::calibrate(v1::Command command) {
    const auto& asked = command.calibrate();
    const auto type = numberOf(asked.sample_type(), profiles::glucoseTypeWord);
    const auto site = asked.site().empty() ? std::optional<std::uint8_t>(kNoLocation)
                                           : numberOf(asked.site(), profiles::glucoseLocationWord);
    if (!type || !site)
        co_return outOfRange("sample_type and site must be words of the sensor's profile");
    if (!glucose_.start()) co_return failedResult({ErrorKind::refused, "its session has no start"});
    const auto minutes = glucose_.minutesAt(fromTimestamp(asked.sampled()));
    const bool isFuture = fromTimestamp(asked.sampled()) > shared_.clock.wall() + chr::minutes{1};
    if (minutes < 0 || minutes > kHighest || isFuture)
        co_return outOfRange("sampled must lie between the start of the session and now");
    profiles::GlucoseCalibration calibration;
    calibration.concentration = decimalOf(asked.glucose_mg_dl());
    calibration.sampledMinutes = static_cast<std::uint16_t>(minutes);
    calibration.type = *type;
    calibration.location = *site;
    const auto& row = codes::observation(codes::Term::glucoseInterstitial);
    auto request = profiles::setGlucoseCalibration(calibration, glucose_.hasCrc());
    if (!request || !codes::isPlausible(row, asked.glucose_mg_dl()))
        co_return outOfRange("glucose_mg_dl is no glucose of a person");
    co_return co_await write(std::move(*request));
}

asio::awaitable<v1::CommandResult> GlucoseCommands::setAlertLimit(v1::Command command) {
    const auto& asked = command.set_alert_limit();
    const auto limit = std::ranges::find(kLimits, asked.limit(), profiles::glucoseLimitWord);
    if (limit == kLimits.end()) {
        co_return outOfRange(
            "limit must be patient-high, patient-low, hypo, hyper, fall-rate or rise-rate");
    }
    const auto value = inUnitOf(*limit, asked);
    if (!value) co_return outOfRange("unit must be mg/dL or mmol/L, of a rate mg/dL/min");
    if (!canBeReached(*limit, value->value))
        co_return outOfRange("value is no glucose of a person in that unit: nothing would be told");
    auto request = profiles::setGlucoseLimit(*limit, *value, glucose_.hasCrc());
    if (!request) co_return outOfRange("value cannot be said to the device");
    auto result = co_await write(std::move(*request));
    if (result.state() == v1::COMMAND_DONE) {
        const auto name = fmt::format("alert-{}", profiles::glucoseLimitWord(*limit));
        glucose_.noteSetting(name, *value, isRate(*limit) ? "mg/dL/min" : "mg/dL");
        exchange_.describe();
    }
    co_return result;
}

asio::awaitable<v1::CommandResult> GlucoseCommands::setInterval(v1::Command command) {
    const auto seconds = command.set_interval().seconds();
    if (const auto interval = shared_.database.find(kMeasurementInterval)) {
        if (seconds > kHighest) co_return outOfRange("seconds is at most 65535");
        auto value = ByteWriter{}.u16(static_cast<std::uint16_t>(seconds)).bytes();
        const auto written =
            co_await shared_.calls.write(interval->characteristic, std::move(value));
        co_return written ? doneResult() : failedResult(written.error());
    }
    const auto minutes = seconds / 60;
    if (seconds % 60 != 0 || minutes > kLongestIntervalMinutes)
        co_return outOfRange("seconds must be whole minutes, at most 254 of them");
    auto request =
        profiles::setGlucoseInterval(static_cast<std::uint8_t>(minutes), glucose_.hasCrc());
    auto result = co_await write(std::move(request));
    if (result.state() == v1::COMMAND_DONE) {
        const auto number = profiles::decimal(static_cast<std::int32_t>(minutes), 0);
        glucose_.noteSetting("communication-interval", number, "min");
        exchange_.describe();
    }
    co_return result;
}

asio::awaitable<v1::CommandResult> GlucoseCommands::startMeasurement(v1::Command command) {
    if (command.start_measurement().seconds() != 0)
        co_return outOfRange("seconds must be 0: a session lasts as long as the sensor");
    auto request = profiles::startGlucoseSession(glucose_.hasCrc());
    auto result = co_await write(std::move(request));
    if (result.state() != v1::COMMAND_DONE) co_return result;
    // A new session counts from 0 and has to get its time.
    const auto opened = co_await glucose_.openAnew();
    if (!opened) co_return failedResult(opened.error());
    co_return result;
}

asio::awaitable<v1::CommandResult> GlucoseCommands::stopMeasurement(v1::Command /*command*/) {
    auto request = profiles::stopGlucoseSession(glucose_.hasCrc());
    co_return co_await write(std::move(request));
}

}  // namespace vitalgate::session
