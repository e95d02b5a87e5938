#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/store/database.hpp"

namespace vitalgate::store {

/// The name of this store's stream.
Result<std::string> readStream(Database& database);

/// A number of table `meta`; 0 if it was never written.
Result<std::uint64_t> readNumber(Database& database, std::string_view name);
Status writeNumber(Database& database, std::string_view name, std::uint64_t value);

/// A text of table `meta`; empty if it was never written.
Result<std::string> readText(Database& database, std::string_view name);
Status writeText(Database& database, std::string_view name, std::string_view value);

/// The uplinks that ever asked for their sets or connected.
Result<std::vector<std::string>> readUplinks(Database& database);
/// From now on readUplinks() names it.
Status knowUplink(Database& database, std::string_view uplink);
/// Adds one to the uplink's connections and gives the sum.
Result<std::uint64_t> countConnection(Database& database, std::string_view uplink);
Status setConnections(Database& database, std::string_view uplink, std::uint64_t count);
/// As counted so far.
Result<std::uint64_t> connections(Database& database, std::string_view uplink);

/// The number of this start of the kernel: the one it has, or the next.
Result<std::uint32_t> numberOfBoot(Database& database, std::string_view bootId);
/// From now on that is its number. The last 1000 are kept.
Status writeBoot(Database& database, std::uint32_t number, std::string_view bootId);

}  // namespace vitalgate::store
