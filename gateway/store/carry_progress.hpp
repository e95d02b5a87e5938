#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/store/range_set.hpp"

namespace vitalgate::store {

/// How far the rows of a damaged store are carried over into this one. It stands in table `meta`
/// from the beginning to the end, so that a restart goes on.
struct CarryProgress {
    std::string stream{};    ///< of the damaged store
    std::uint64_t next = 1;  ///< its rows below are dealt with; beyond the last: its ids are next
    RangeSet undelivered{};  ///< its rows that must come again
    std::uint64_t unknown = 0;  ///< up to here rows may be lost that nothing tells of any more
    RangeSet early{};           ///< rows that came before their turn
    RangeSet moved{};           ///< dealt with, and not told yet
    RangeSet lost{};            ///< likewise
    std::uint64_t movedCount = 0;
    std::uint64_t lostCount = 0;
    std::uint64_t lostFrom = 0;  ///< if any: from here on nobody knows how many are lost
};

/// "3 are lost", "3 are lost, and an unknown number after 17"
std::string lostText(const CarryProgress& progress);

/// Whether this entry of table `meta` is part of one.
bool isCarryEntry(std::string_view name);
/// Of which stream, if it is the one part that each has; else empty.
std::string streamOfCarryEntry(std::string_view name);

// Parts of a transaction.
/// The streams of which there is one.
Result<std::vector<std::string>> carriedStreams(Database& database);
Result<CarryProgress> readProgress(Database& database, const std::string& stream);
Status writeProgress(Database& database, const CarryProgress& progress);
Status forgetProgress(Database& database, const std::string& stream);

}  // namespace vitalgate::store
