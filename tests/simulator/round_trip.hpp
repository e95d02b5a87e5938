#pragma once

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/profiles/profile.hpp"
#include "tests/simulator/model_bench.hpp"

// What the simulator encodes is decoded by the hub: two readings of the same specification, by code
// that shares nothing.
namespace vitalgate::simulator::testing {

/// What the decoders of the hub make of a value; `feature` as the service has it.
inline std::vector<profiles::Measurement> decodedAll(const Output& output, Bytes feature = {}) {
    const auto* spec = profiles::findCharacteristic(output.characteristic);
    REQUIRE(spec);
    profiles::DecodeOptions options;
    options.feature = std::move(feature);
    auto result = spec->decode(output.value, options);
    REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
    if (auto* one = std::get_if<profiles::Measurement>(&*result)) return {std::move(*one)};
    return std::get<std::vector<profiles::Measurement>>(std::move(*result));
}

inline profiles::Measurement decoded(const Output& output, Bytes feature = {}) {
    auto all = decodedAll(output, std::move(feature));
    REQUIRE(all.size() == 1);
    return std::move(all.front());
}

/// Of the first value that the model sends of a sample.
inline profiles::Measurement decoded(std::string_view word, const Sample& sample,
                                     const DeviceSettings& settings = {}) {
    const auto outputs = make(word, settings)->measured(sample, 1);
    REQUIRE_FALSE(outputs.empty());
    return decoded(outputs.front());
}

/// The values of a reading, as their codes' names say them, with their decimals.
inline std::map<std::string, std::string> values(const profiles::Measurement& measurement) {
    std::map<std::string, std::string> out;
    for (const auto& each : measurement.reading.observations()) {
        out[each.code()] = fmt::format("{:.{}f} {}", each.value(), each.decimals(), each.unit());
    }
    return out;
}

inline std::vector<std::string> words(const profiles::Measurement& measurement) {
    return {measurement.reading.status().begin(), measurement.reading.status().end()};
}

}  // namespace vitalgate::simulator::testing
