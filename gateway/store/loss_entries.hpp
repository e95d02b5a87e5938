#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/time.hpp"
#include "gateway/store/database.hpp"
#include "gateway/store/log_table.hpp"

namespace vitalgate::store {

// Entries of table `meta` that name the rows which tell of others that are lost, or come again:
// only these rows explain them, so it must be known when one of them is lost itself.

/// A row that tells of lost ones.
struct LossEntry {
    std::uint64_t sequence = 0;
    std::optional<std::string>
        stream{};  ///< whose rows it tells of, if it is not that of the store
};

/// Nothing if the entry is another one.
std::optional<LossEntry> lossEntryOf(std::string_view name, std::uint64_t value);
/// Of another stream the row `sequence` tells, if it does.
Result<std::optional<std::string>> streamToldBy(Database& database, std::uint64_t sequence);

// Parts of a transaction.
/// The row `sequence` tells of rows of another stream; an empty name: of the one before.
Status noteTold(Database& database, std::string_view stream, std::uint64_t sequence);
/// Adds records that tell of another stream to the log.
Status insertTold(Database& database, LogTable& log, const std::string& stream,
                  std::vector<NewRow> records, const Moment& now);
/// A row that told of another stream is lost: all of that stream may be, for all that is known.
Status tellAllOf(Database& database, LogTable& log, const std::string& stream, const Moment& now);

}  // namespace vitalgate::store
