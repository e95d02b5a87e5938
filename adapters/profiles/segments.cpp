#include "adapters/profiles/segments.hpp"

#include <utility>

#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

namespace {

constexpr std::uint8_t kFirst = 0x01;
constexpr std::uint8_t kLast = 0x02;
constexpr unsigned kCounterShift = 2;
constexpr std::uint8_t kCounterMask = 0x3F;

constexpr auto kField = "segmentation header";

std::uint8_t counterOf(std::uint8_t header) {
    return header >> kCounterShift & kCounterMask;
}

DecodeError missing() {
    return {v1::REFUSED_TRUNCATED, kField, 0,
            "segmentation header: octet 0 says that a segment before this one is missing"};
}

DecodeError tooLong() {
    return {
        v1::REFUSED_MALFORMED, "end", static_cast<std::uint32_t>(Segments::kMostOctets),
        fmt::format("end: the segments have more than {} octets together", Segments::kMostOctets)};
}

}  // namespace

bool isWhole(std::uint8_t segmentationHeader) {
    return (segmentationHeader & kFirst) != 0 && (segmentationHeader & kLast) != 0;
}

std::optional<Bytes> Segments::cutShortBy(ByteView next) {
    const bool begins = !next.empty() && (next.front() & kFirst) != 0;
    if (!begins || !isUnfinished()) return std::nullopt;
    return std::exchange(value_, {});
}

std::expected<std::optional<Bytes>, DecodeError> Segments::take(ByteView segment) {
    ByteReader reader(segment);
    const auto header = reader.u8(kField);
    const auto carried = reader.octets(reader.remaining(), "segment");
    if (auto error = lengthError(reader, false)) return giveUp(std::move(*error));
    if ((header & kFirst) != 0) {
        value_ = {header};
    } else if (!isUnfinished() || counterOf(header) != ((counter_ + 1) & kCounterMask)) {
        return giveUp(missing());
    }
    counter_ = counterOf(header);
    if (value_.size() + carried.size() > kMostOctets) return giveUp(tooLong());
    value_.insert(value_.end(), carried.begin(), carried.end());
    if ((header & kLast) == 0) return std::nullopt;
    value_.front() |= kLast;
    return std::exchange(value_, {});
}

std::unexpected<DecodeError> Segments::giveUp(DecodeError error) {
    value_.clear();
    return std::unexpected(std::move(error));
}

}  // namespace vitalgate::profiles
