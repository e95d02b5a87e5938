#pragma once

#include <span>

#include "adapters/simulator/model.hpp"

// Body Composition Service 1.0 (0x181B): 2A9C, 2A9B.
namespace vitalgate::simulator {

/// What a composition has beside the weight and the height.
std::span<const ValueSpec> compositionValues();

struct CompositionForm {
    bool inPounds = false;
    bool withWeight = false;  ///< and height: no other value says them
    bool inTwoPackets = false;
};

const Uuid& compositionService();
std::vector<Characteristic> compositionCharacteristics();
/// Body Composition Feature; nothing if `characteristic` is another.
std::optional<Bytes> readComposition(const Uuid& characteristic);
Outputs encodeComposition(const Sample& sample, const CompositionForm& form, std::uint64_t number);

}  // namespace vitalgate::simulator
