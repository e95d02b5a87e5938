#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/store/database.hpp"
#include "gateway/store/range_set.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::store {

/// Table `ranges`: what each uplink has delivered. The sets live in memory and are written with the
/// next transaction: write() inside it, committed() after it.
class RangesTable {
  public:
    /// More ranges than this are not kept of a set.
    static constexpr std::size_t kMaximumRanges = 64;

    /// `configured`: whose sets decide what is history; empty: all that were ever seen.
    RangesTable(Database& database, std::vector<std::string> configured)
        : database_(database), configured_(std::move(configured)) {}

    Status load();

    /// The latest sets, written or not. From now on the uplink counts as known.
    DeliverySets get(const std::string& uplink);
    void put(const std::string& uplink, DeliverySets sets);

    /// Writes what changed since committed(). Lost rows join the sets of every known uplink: they
    /// need no delivery any more.
    Status write(const RangeSet& lost);
    void committed(const RangeSet& lost);

    /// The known uplinks, at most those of the configuration.
    [[nodiscard]] std::vector<std::string> uplinks() const;
    /// What every known uplink has stored; nothing if none is known. Reckoned once after a change.
    [[nodiscard]] const RangeSet& storedByAll() const;
    /// What of `rows` this uplink has not stored.
    [[nodiscard]] RangeSet lackedBy(const std::string& uplink, const RangeSet& rows) const;
    /// True if one of the concerned uplinks (an empty name: of all) has it in `sent` or `stored`.
    [[nodiscard]] bool isSent(const std::string& concerned, std::uint64_t sequence) const;

  private:
    Status writeOne(const std::string& uplink, const DeliverySets& sets);
    [[nodiscard]] RangeSet common() const;

    Database& database_;
    std::vector<std::string> configured_;
    std::map<std::string, DeliverySets> sets_;
    std::set<std::string> changed_;
    mutable std::optional<RangeSet> storedByAll_;  ///< nothing: something has changed since
    RangeSet lost_;  ///< since the start; an uplink that knew nothing of it may put older sets
};

}  // namespace vitalgate::store
