#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/bytes.hpp"

// Values that are longer than a notification come in segments, each with one octet in front: first,
// last, and a counter of 6 bits that rolls on (Blood Pressure Service 1.1.1, Blood Pressure Record;
// the observations of a Generic Health Sensor likewise).
namespace vitalgate::profiles {

/// Of a segmentation header: the value needs no other segment.
bool isWhole(std::uint8_t segmentationHeader);

/// Joins the segments of one characteristic, which come in order and not mixed with those of
/// another value.
class Segments {
  public:
    /// The whole value when its last segment has come: its first header, now with the bit "last",
    /// and what the segments carry behind theirs; what is wrong in it is told by its place there.
    /// Nothing while more are to come. An error for a segment that does not follow the one before
    /// it, or that makes the value too long; what had come of the value is given up then, and the
    /// next first segment begins anew.
    std::expected<std::optional<Bytes>, DecodeError> take(ByteView segment);

    /// A value has begun and not ended. Whoever hangs up now loses it.
    [[nodiscard]] bool isUnfinished() const { return !value_.empty(); }
    /// What had come of a value that is unfinished though `next` begins another: it is given up.
    /// Asked before each take(), no value goes without a word.
    [[nodiscard]] std::optional<Bytes> cutShortBy(ByteView next);

    /// No value that any profile here knows comes near it.
    static constexpr std::size_t kMostOctets = 4096;

  private:
    std::unexpected<DecodeError> giveUp(DecodeError error);

    Bytes value_;
    std::uint8_t counter_ = 0;  ///< of the segment taken last
};

}  // namespace vitalgate::profiles
