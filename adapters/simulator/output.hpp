#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "adapters/simulator/gatt.hpp"

namespace vitalgate::simulator {

/// The same in a simpler form, for whoever has subscribed to that only.
struct PlainValue {
    Uuid characteristic;
    Bytes value;
};

/// A value that goes out, as a notification or an indication, as its characteristic has it.
struct Output {
    Uuid characteristic;
    Bytes value;
    /// The measurements in it; none: an answer of a control point, or a value on the way to a
    /// measurement. Those go at once or never.
    std::vector<std::uint64_t> numbers{};
    std::optional<PlainValue> plain{};
    bool endsLink = false;  ///< the device ends the link when it has gone
};
using Outputs = std::vector<Output>;

/// What a write makes the device send.
struct Answer {
    Outputs outputs{};
    bool abandons = false;  ///< what is still to go of earlier answers does not go any more
};

}  // namespace vitalgate::simulator
