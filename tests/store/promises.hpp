#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "tests/store/store_fixture.hpp"

namespace vitalgate::store::testing {

constexpr const char* kUplink = "care";
/// So little that rows have to give way.
constexpr std::uint64_t kMaximumBytes = 256 * 1024;

/// The files of a store's folder: name to content.
using Files = std::map<std::string, std::string>;

Files newStore();
Files filesIn(const Hub& hub);
std::string streamOf(const Files& files);

/// A hub on files that an earlier one left.
struct Restarted : Hub {
    Restarted(const Files& files, const std::string& vfs);
    void begin();
};

CommandEntry command(const Hub& hub, const std::string& id);

/// What the store has answered for, or the service has got.
struct Promise {
    enum class Kind { row, command, delivery };

    Kind kind;
    std::string name = {};       ///< of a reading, `device-number`, or a command
    std::uint64_t sequence = 0;  ///< of a reading
    RangeSet delivered = {};     ///< with what a Loss among them names
};

/// Adds the record, and what it names as lost.
void addTold(const v1::Record& record, RangeSet& told);

/// How many promises the store does not keep. Each reading was appended with the bookmark `last` of
/// the device cuff, which holds its name.
int broken(Hub& hub, std::span<const Promise> promises);

/// What comes next has a number of its own, and what the store knows it knows still.
void checkGoesOn(Hub& hub, std::span<const Promise> promises);

}  // namespace vitalgate::store::testing
