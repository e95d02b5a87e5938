#include "adapters/profiles/decoding.hpp"

#include <algorithm>

#include "adapters/profiles/date_time.hpp"
#include "adapters/profiles/quirks.hpp"
#include "gateway/base/words.hpp"

namespace vitalgate::profiles {

namespace {

/// Bluetooth Core, Vol 3 Part F 3.2.9: no attribute value is longer.
constexpr std::size_t kLongestValue = 512;

/// A number, samples or codes; an absent one says nothing, unless it is known to be beyond what the
/// device can measure.
bool saysSomething(const v1::Observation& observation) {
    if (observation.comparator() != v1::COMPARATOR_UNSPECIFIED) return true;
    return observation.result_case() != v1::Observation::RESULT_NOT_SET &&
           observation.result_case() != v1::Observation::kAbsent;
}

bool isPlausible(const v1::Observation& observation) {
    if (observation.result_case() != v1::Observation::kValue) return true;
    const auto* row = codes::findObservation(observation.code());
    return row != nullptr && codes::isPlausible(*row, observation.value());
}

/// Its number was left out, as setImplausible() says.
bool isLeftOut(const v1::Observation& observation) {
    return std::ranges::find(observation.status(), kImplausible) != observation.status().end();
}

void judge(Measurement& measurement) {
    if (measurement.refused) return;
    const auto& observations = measurement.reading.observations();
    const bool isNothing = std::ranges::none_of(observations, saysSomething);
    const auto implausible = isNothing ? std::ranges::find_if(observations, isLeftOut)
                                       : std::ranges::find_if_not(observations, isPlausible);
    if (implausible != observations.end()) {
        const std::string field(codes::findObservation(implausible->code())->word);
        refuse(measurement, v1::REFUSED_IMPLAUSIBLE, field);
    } else if (isNothing) {
        refuse(measurement, v1::REFUSED_FAILED);
    }
}

}  // namespace

std::vector<std::string> flagWords(std::uint32_t bits, std::span<const FlagWord> table) {
    std::vector<std::string> words;
    for (const auto& row : table) {
        if ((bits & row.mask) == row.value) words.emplace_back(row.word);
    }
    return words;
}

v1::Observation& addObservation(Measurement& measurement, codes::Term term, const Number& number,
                                std::string_view unit) {
    const auto& row = codes::observation(term);
    auto& out = *measurement.reading.add_observations();
    out.set_code(std::string(row.code));
    out.set_mdc(row.mdc);
    out.set_loinc(std::string(row.loinc));
    out.set_unit(std::string(row.unit));
    if (!number) {
        out.set_absent(number.error());
        return out;
    }
    out.set_value(number->value);
    out.set_decimals(number->decimals);
    if (const auto converted = codes::convert(number->value, number->decimals, unit, row.unit)) {
        auto& reported = *out.mutable_reported();
        reported.set_value(number->value);
        reported.set_decimals(number->decimals);
        reported.set_unit(std::string(unit));
        out.set_value(converted->value);
        out.set_decimals(converted->decimals);
    }
    return out;
}

v1::Observation& addSecondary(Measurement& measurement, codes::Term term, const Number& number,
                              std::string_view unit) {
    auto& out = addObservation(measurement, term, number, unit);
    if (!isPlausible(out)) setImplausible(out);
    return out;
}

void setImplausible(v1::Observation& observation) {
    observation.clear_decimals();
    observation.clear_reported();
    observation.set_absent(v1::ABSENT_UNSPECIFIED);
    observation.add_status(std::string(kImplausible));
}

v1::Observation& addCoded(Measurement& measurement, codes::Term term, std::string_view code) {
    const auto& row = codes::observation(term);
    auto& out = *measurement.reading.add_observations();
    out.set_code(std::string(row.code));
    out.set_mdc(row.mdc);
    out.set_loinc(std::string(row.loinc));
    out.mutable_coded()->add_codes()->set_code(std::string(code));
    return out;
}

void addStatus(Measurement& measurement, std::uint32_t bits, std::span<const FlagWord> table) {
    for (auto& word : flagWords(bits, table)) measurement.reading.add_status(std::move(word));
}

Number zeroIsNotComputed(const Number& number) {
    if (number && number->value == 0) return std::unexpected(v1::ABSENT_NOT_COMPUTED);
    return number;
}

void setDeviceTime(Measurement& measurement, const LocalDateTime& time) {
    measurement.deviceTime = time;
    measurement.reading.set_device_time(time.text());
}

void readTimeStamp(ByteReader& reader, Measurement& measurement) {
    setDeviceTime(measurement, readDateTime(reader));
}

void readUserSlot(ByteReader& reader, Measurement& measurement) {
    setUserSlot(measurement, reader.u8("user"));
}

void setUserSlot(Measurement& measurement, std::uint8_t slot) {
    constexpr std::uint8_t kUnknownUser = 255;
    if (slot != kUnknownUser) measurement.reading.set_user_slot(slot);
}

void setBodySite(Measurement& measurement, const codes::BodySite* site) {
    if (site == nullptr) return;
    for (auto& observation : *measurement.reading.mutable_observations()) {
        observation.mutable_body_site()->set_code(std::string(site->code));
        observation.mutable_body_site()->set_mdc(site->mdc);
    }
}

void refuse(Measurement& measurement, v1::MeasurementRefusal reason, std::string_view field) {
    measurement.refused = reason;
    measurement.refusedField = std::string(field);
    measurement.reading.clear_observations();
    measurement.reading.clear_type();
}

Field noNumber(std::string name, v1::Absent reason) {
    const bool isKnown = reason != v1::ABSENT_UNSPECIFIED;
    return {std::move(name), isKnown ? enumWord(v1::Absent_Name(reason), "ABSENT_") : "unknown"};
}

Field offsetField(std::string name, const std::optional<std::chrono::minutes>& offset) {
    if (!offset) return noNumber(std::move(name));
    return {std::move(name), static_cast<double>(offset->count())};
}

void hideLast(const ByteReader& reader, const DecodeOptions& options) {
    const bool isTraced = options.trace != nullptr && !options.trace->empty();
    if (isTraced && !reader.failure()) options.trace->pop_back();
}

std::optional<DecodeError> lengthError(const ByteReader& reader, bool ignoreTrailing) {
    if (const auto& failure = reader.failure()) {
        return DecodeError{v1::REFUSED_TRUNCATED, failure->field,
                           static_cast<std::uint32_t>(failure->offset), failure->message()};
    }
    const auto end = reader.offset();
    const auto length = end + reader.remaining();
    if (length > kLongestValue) {
        return DecodeError{v1::REFUSED_MALFORMED, "end", kLongestValue,
                           fmt::format("end: the value has {} octets, no value has more than {}",
                                       length, kLongestValue)};
    }
    if (reader.remaining() > 0 && !ignoreTrailing) {
        return DecodeError{v1::REFUSED_MALFORMED, "end", static_cast<std::uint32_t>(end),
                           fmt::format("end: the last field ends before octet {}, the value has {} "
                                       "octets",
                                       end, length)};
    }
    return std::nullopt;
}

DecodeResult conclude(Measurement measurement, const ByteReader& reader,
                      const DecodeOptions& options) {
    const bool ignoreTrailing = decoderQuirk(options.quirk).ignoreTrailingOctets;
    if (auto error = lengthError(reader, ignoreTrailing)) return std::unexpected(std::move(*error));
    judge(measurement);
    return Decoded{std::move(measurement)};
}

DecodeResult conclude(std::vector<Measurement> measurements, const ByteReader& reader,
                      const DecodeOptions& options) {
    const bool ignoreTrailing = decoderQuirk(options.quirk).ignoreTrailingOctets;
    if (auto error = lengthError(reader, ignoreTrailing)) return std::unexpected(std::move(*error));
    std::ranges::for_each(measurements, judge);
    return Decoded{std::move(measurements)};
}

DecodeResult conclude(std::vector<Field> fields, const ByteReader& reader,
                      const DecodeOptions& options, bool mayGrow) {
    const bool ignoreTrailing = mayGrow || decoderQuirk(options.quirk).ignoreTrailingOctets;
    if (auto error = lengthError(reader, ignoreTrailing)) return std::unexpected(std::move(*error));
    return Decoded{std::move(fields)};
}

}  // namespace vitalgate::profiles
