#include "gateway/uplink/batch.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace vitalgate::uplink {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t kRecordTag = WireFormatLite::MakeTag(
    v1::Batch::kRecordsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

void appendVarint(std::uint32_t value, std::string& out) {
    std::uint8_t buffer[5];
    const auto* end = CodedOutputStream::WriteVarint32ToArray(value, buffer);
    out.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(end - buffer));
}

}  // namespace

std::size_t batchBytesOf(const store::StoredRow& row) {
    const auto length = static_cast<std::uint32_t>(row.bytes.size());
    return CodedOutputStream::VarintSize32(kRecordTag) + CodedOutputStream::VarintSize32(length) +
           row.bytes.size();
}

std::vector<store::StoredRow> takeBatch(std::deque<store::StoredRow>& ready, std::size_t batchBytes,
                                        const store::RangeSet& alone) {
    std::vector<store::StoredRow> rows;
    std::size_t bytes = kBatchHeaderBytes;
    while (!ready.empty()) {
        const bool isAlone = alone.contains(ready.front().sequence);
        bytes += batchBytesOf(ready.front());
        if (!rows.empty() && (isAlone || bytes > batchBytes)) break;
        rows.push_back(std::move(ready.front()));
        ready.pop_front();
        if (isAlone) break;
    }
    return rows;
}

std::string encodeBatch(const v1::Batch& header, std::span<const store::StoredRow> rows) {
    auto bytes = header.SerializeAsString();
    auto total = bytes.size();
    for (const auto& row : rows) total += batchBytesOf(row);
    bytes.reserve(total);
    for (const auto& row : rows) {
        appendVarint(kRecordTag, bytes);
        appendVarint(static_cast<std::uint32_t>(row.bytes.size()), bytes);
        bytes += row.bytes;
    }
    return bytes;
}

}  // namespace vitalgate::uplink
