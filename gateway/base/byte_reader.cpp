#include "gateway/base/byte_reader.hpp"

namespace vitalgate {

std::string ReadFailure::message() const {
    if (needed == 1) {
        return fmt::format("{}: needs octet {}, the value has only {} octets", field, offset,
                           available);
    }
    return fmt::format("{}: needs octets {} to {}, the value has only {} octets", field, offset,
                       offset + needed - 1, available);
}

ByteView ByteReader::octets(std::size_t count, std::string_view field) {
    if (failure_) return {};
    if (bytes_.size() - offset_ < count) {
        failure_ = ReadFailure{std::string(field), offset_, count, bytes_.size()};
        readable_ = 0;
        return {};
    }
    if (trace_ != nullptr) trace_->push_back({std::string(field), offset_, count});
    offset_ += count;
    return bytes_.subspan(offset_ - count, count);
}

ByteWriter& ByteWriter::put(std::uint64_t value, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return *this;
}

}  // namespace vitalgate
