#pragma once

#include <fmt/format.h>

#include <string>

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

/// What must hold of everything that a decoder says; empty if it does.
inline std::string violation(const profiles::CharacteristicSpec& spec, ByteView value,
                             const profiles::DecodeOptions& options) {
    const auto decoded = spec.decode(value, options);
    const auto json = profiles::describeAsJson(Uuid(spec.uuid), value, options);
    if (!decoded) {
        const auto& error = decoded.error();
        if (error.field.empty() || error.message.empty()) return "an error that says nothing";
        if (error.octet > value.size() && error.octet > 512) return "an error beyond the value";
        return json ? "described although refused" : "";
    }
    if (!json) return "decoded, but not to be described: " + json.error().message;
    if (json->find('\n') != std::string::npos) return "more than one line";
    if (const auto* several = std::get_if<std::vector<profiles::Measurement>>(&*decoded)) {
        for (const auto& each : *several) {
            if (auto wrong = violation(each); !wrong.empty()) return wrong;
        }
        return several->empty() ? "a value without a measurement" : "";
    }
    const auto* measurement = std::get_if<profiles::Measurement>(&*decoded);
    return measurement != nullptr ? violation(*measurement) : std::string{};
}

}  // namespace vitalgate::testing
