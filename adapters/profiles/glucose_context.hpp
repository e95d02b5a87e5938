#pragma once

#include <cstdint>

#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

/// Glucose Measurement Context 0x2A34 (Glucose Service 1.0): what the person told the meter beside
/// a measurement: meal, carbohydrates, exercise, medication, HbA1c. It has the sequence number of
/// its measurement, and no time of its own. What it does not say in numbers is in words and codes
/// of our own, for the term tables have one term for all meals.
/// Meal 6 says that the record is one of ketone: REFUSED_UNKNOWN_FORMAT with the field "meal", and
/// the number of its measurement is no glucose either.
DecodeResult decodeGlucoseContext(ByteView bytes, const DecodeOptions& options);

/// The event that a measurement and its context belong to.
Part glucosePart(Part::Kind kind, std::uint16_t sequence, bool announced);

}  // namespace vitalgate::profiles
