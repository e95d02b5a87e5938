#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.hpp"

namespace vitalgate {

/// Where and why reading stopped.
struct ReadFailure {
    std::string field;          ///< the field that did not fit
    std::size_t offset = 0;     ///< its first octet, from 0
    std::size_t needed = 0;     ///< how many octets it has
    std::size_t available = 0;  ///< how many octets the whole value has

    /// "systolic: needs octets 1 to 2, the value has only 2 octets"
    [[nodiscard]] std::string message() const;
};

/// What a field of a value is called, and where it stands.
struct FieldSpan {
    std::string field;
    std::size_t offset = 0;
    std::size_t octets = 0;
};

/// Reads a little-endian value front to back. The first field that does not fit fails the reader
/// for good: it and all later reads give zero, so one look at failure() at the end is enough. The
/// bytes must outlive the reader, and so must `trace`, to which each field that is read is added.
class ByteReader {
  public:
    explicit ByteReader(ByteView bytes, std::vector<FieldSpan>* trace = nullptr)
        : bytes_(bytes), readable_(trace == nullptr ? bytes.size() : 0), trace_(trace) {}

    std::uint8_t u8(std::string_view field) { return static_cast<std::uint8_t>(take<1>(field)); }
    std::uint16_t u16(std::string_view field) { return static_cast<std::uint16_t>(take<2>(field)); }
    std::uint32_t u24(std::string_view field) { return static_cast<std::uint32_t>(take<3>(field)); }
    std::uint32_t u32(std::string_view field) { return static_cast<std::uint32_t>(take<4>(field)); }
    std::uint64_t u48(std::string_view field) { return take<6>(field); }
    std::int8_t s8(std::string_view field) { return static_cast<std::int8_t>(u8(field)); }
    std::int16_t s16(std::string_view field) { return static_cast<std::int16_t>(u16(field)); }
    ByteView octets(std::size_t count, std::string_view field);

    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] std::size_t remaining() const { return failure_ ? 0 : bytes_.size() - offset_; }
    [[nodiscard]] const std::optional<ReadFailure>& failure() const { return failure_; }

  private:
    template <std::size_t count>
    std::uint64_t take(std::string_view field) {
        const auto* from = bytes_.data() + offset_;
        if (offset_ + count <= readable_) [[likely]] {
            offset_ += count;
        } else {
            const auto taken = octets(count, field);
            if (taken.empty()) return 0;
            from = taken.data();
        }
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{from[i]} << (8 * i);
        return value;
    }

    ByteView bytes_;
    std::size_t offset_ = 0;
    std::size_t readable_;  ///< up to here nothing can fail, and nobody asks for a trace
    std::vector<FieldSpan>* trace_;
    std::optional<ReadFailure> failure_;
};

/// Appends little-endian fields.
class ByteWriter {
  public:
    ByteWriter& u8(std::uint8_t value) { return put(value, 1); }
    ByteWriter& u16(std::uint16_t value) { return put(value, 2); }
    ByteWriter& u24(std::uint32_t value) { return put(value, 3); }
    ByteWriter& u32(std::uint32_t value) { return put(value, 4); }
    ByteWriter& u48(std::uint64_t value) { return put(value, 6); }
    ByteWriter& octets(ByteView value) {
        bytes_.insert(bytes_.end(), value.begin(), value.end());
        return *this;
    }
    [[nodiscard]] const Bytes& bytes() const { return bytes_; }

  private:
    ByteWriter& put(std::uint64_t value, std::size_t count);

    Bytes bytes_;
};

}  // namespace vitalgate
