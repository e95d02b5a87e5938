#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "adapters/simulator/model.hpp"

namespace vitalgate::simulator::testing {

inline const LocalDateTime kTime{2026, 11, 23, 8, 14, 5};

inline std::unique_ptr<Model> make(std::string_view word, const DeviceSettings& settings = {}) {
    return findModel(word)->make(settings);
}

inline DeviceSettings inUnit(std::string unit) {
    DeviceSettings settings;
    settings.unit = std::move(unit);
    return settings;
}

/// "2A35 1e78…", one for each.
inline std::vector<std::string> texts(const Outputs& outputs) {
    std::vector<std::string> out;
    for (const auto& each : outputs) {
        out.push_back(each.characteristic.shortText() + " " + toHex(each.value));
    }
    return out;
}

/// What the model sends by itself of a measurement.
inline std::vector<std::string> sent(Model& model, const Sample& sample, std::uint64_t number = 1) {
    return texts(model.measured(sample, number));
}

/// The bits of a status word.
inline std::uint64_t status(std::string_view model, std::string_view word) {
    for (const auto& each : findModel(model)->statuses) {
        if (each.word == word) return each.bits;
    }
    FAIL_CHECK("no status " << word);
    return 0;
}

inline std::string read(const Model& model, std::uint16_t uuid, Duration age = {}) {
    const auto value = model.read(Uuid{uuid}, age);
    REQUIRE(value);
    return toHex(*value);
}

/// What a control point answers; "error 81" if it refuses the write.
inline std::vector<std::string> ask(Model& model, std::uint16_t uuid, std::string_view hex,
                                    const Request& request = {}) {
    auto answer = model.write(Uuid{uuid}, *fromHex(hex), request);
    if (answer) return texts(answer->outputs);
    return {fmt::format("error {:02x}", static_cast<unsigned>(answer.error()))};
}

using Texts = std::vector<std::string>;

}  // namespace vitalgate::simulator::testing
