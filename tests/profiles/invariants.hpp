#pragma once

#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <expected>
#include <string>
#include <vector>

#include "adapters/profiles/describe.hpp"
#include "adapters/profiles/profile.hpp"
#include "gateway/codes/codes.hpp"

namespace vitalgate::testing {

/// What must hold of every measurement, whatever the octets were; empty if it does.
inline std::string violation(const profiles::Measurement& measurement) {
    const auto& reading = measurement.reading;
    if (reading.kind().empty()) return "a reading without a kind";
    if (measurement.refused) {
        return reading.observations().empty() ? "" : "a refused measurement with observations";
    }
    if (!measurement.refusedField.empty()) return "a field that gave cause for nothing";
    bool saysSomething = false;
    const auto isOdd = [](const codes::ObservationCode& row, const v1::Samples& samples) {
        for (const auto raw : samples.raw()) {
            if (!codes::isPlausible(row, raw * samples.scale() + samples.offset())) return true;
        }
        return samples.raw().empty();
    };
    for (const auto& observation : reading.observations()) {
        const auto* row = codes::findObservation(observation.code());
        if (row == nullptr) return "an observation that no table knows";
        if (observation.unit() != row->unit) return "an observation in a foreign unit";
        saysSomething = saysSomething || observation.has_value() || observation.has_coded() ||
                        observation.comparator() != v1::COMPARATOR_UNSPECIFIED;
        if (observation.has_value() && !codes::isPlausible(*row, observation.value())) {
            return "an implausible number";
        }
        if (observation.has_samples() && isOdd(*row, observation.samples())) {
            return "samples that are none";
        }
    }
    if (measurement.deviceTime.has_value() == reading.device_time().empty()) {
        return "a device time in one place only";
    }
    return saysSomething ? "" : "a reading that says nothing";
}

/// An error names a field of the value, begins its sentence with it, and says where in the value it
/// stopped: at an octet of it, or at its end.
inline std::string violation(const profiles::DecodeError& error, std::size_t size) {
    if (error.field.empty()) return "an error without a field";
    if (!error.message.starts_with(error.field + ": ")) return "a sentence without the field";
    if (error.octet > size) return "an error beyond the value";
    return error.reason == v1::REFUSED_UNSPECIFIED ? "an error without a reason" : "";
}

/// The fields that were read follow each other and lie within the value.
inline std::string violation(const std::vector<FieldSpan>& trace, std::size_t size) {
    std::size_t end = 0;
    for (const auto& span : trace) {
        if (span.field.empty()) return "a field without a name";
        if (span.offset < end) return "fields that overlap: " + span.field;
        end = span.offset + span.octets;
        if (end > size) return "a field beyond the value: " + span.field;
    }
    return "";
}

/// One line that a parser of JSON takes.
inline std::string jsonViolation(const std::string& json) {
    if (json.find('\n') != std::string::npos) return "more than one line";
    google::protobuf::Struct parsed;
    const auto status = google::protobuf::util::JsonStringToMessage(json, &parsed);
    return status.ok() ? "" : "no JSON: " + json;
}

/// What must hold of everything that a decoder says; empty if it does.
inline std::string violation(const profiles::CharacteristicSpec& spec, ByteView value,
                             profiles::DecodeOptions options) {
    std::vector<FieldSpan> trace;
    options.trace = &trace;
    const auto decoded = spec.decode(value, options);
    if (auto wrong = violation(trace, value.size()); !wrong.empty()) return wrong;
    options.trace = nullptr;
    const auto json = profiles::describeAsJson(Uuid(spec.uuid), value, options);
    if (!decoded) {
        if (json) return "described although refused";
        return violation(decoded.error(), value.size());
    }
    if (!json) return "decoded, but not to be described: " + json.error().message;
    if (auto wrong = jsonViolation(*json); !wrong.empty()) return wrong;
    if (const auto* several = std::get_if<std::vector<profiles::Measurement>>(&*decoded)) {
        for (const auto& each : *several) {
            if (auto wrong = violation(each); !wrong.empty()) return wrong;
        }
        return several->empty() ? "a value without a measurement" : "";
    }
    const auto* measurement = std::get_if<profiles::Measurement>(&*decoded);
    return measurement != nullptr ? violation(*measurement) : std::string{};
}

/// Nothing of it is believed: an error, or measurements that are all refused.
inline bool isRefused(const std::expected<profiles::Decoded, profiles::DecodeError>& decoded) {
    if (!decoded) return true;
    if (const auto* one = std::get_if<profiles::Measurement>(&*decoded)) {
        return one->refused.has_value();
    }
    const auto* several = std::get_if<std::vector<profiles::Measurement>>(&*decoded);
    return several != nullptr &&
           std::ranges::all_of(*several, [](const auto& each) { return each.refused.has_value(); });
}

}  // namespace vitalgate::testing
