#pragma once

#include <optional>
#include <span>

#include "adapters/simulator/model.hpp"

namespace vitalgate::simulator {

/// Glucose Measurement Context (0x2A34) of a sample; nothing if the sample says nothing of it.
std::optional<Bytes> encodeGlucoseContext(const Sample& sample, std::uint16_t sequence);

/// The words that an entry of `measure` may give for it.
std::span<const ChoiceSpec> glucoseContextChoices();

}  // namespace vitalgate::simulator
