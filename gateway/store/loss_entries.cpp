#include "gateway/store/loss_entries.hpp"

#include "gateway/store/meta_table.hpp"
#include "gateway/store/store_events.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kLoss = "loss/";
/// loss/stream/<stream>/<sequence>
constexpr std::string_view kOfStream = "loss/stream/";

}  // namespace

std::optional<LossEntry> lossEntryOf(std::string_view name, std::uint64_t value) {
    if (!name.starts_with(kLoss)) return {};
    LossEntry entry{value};
    if (name.starts_with(kOfStream)) {
        const auto stream = name.substr(kOfStream.size());
        entry.stream = std::string(stream.substr(0, stream.find('/')));
    }
    return entry;
}

Result<std::optional<std::string>> streamToldBy(Database& database, std::uint64_t sequence) {
    Query query(database, "SELECT name FROM meta WHERE value = ?1 AND name GLOB 'loss/stream/*'",
                sequence);
    const auto row = query.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<std::string>{};
    return lossEntryOf(query.text(0), sequence)->stream;
}

Status noteTold(Database& database, std::string_view stream, std::uint64_t sequence) {
    return writeNumber(database, fmt::format("{}{}/{}", kOfStream, stream, sequence), sequence);
}

Status insertTold(Database& database, LogTable& log, const std::string& stream,
                  std::vector<NewRow> records, const Moment& now) {
    for (auto& record : records) {
        const auto inserted = log.insert(record, now);
        if (!inserted) return std::unexpected(inserted.error());
        if (auto noted = noteTold(database, stream, *inserted); !noted) return noted;
    }
    return {};
}

Status tellAllOf(Database& database, LogTable& log, const std::string& stream, const Moment& now) {
    const RangeSet all(Range{1, kMaximumSequence});
    return insertTold(database, log, stream, earlierLossRecords(stream, all, v1::LOSS_DAMAGED, now),
                      now);
}

}  // namespace vitalgate::store
