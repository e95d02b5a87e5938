#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate::session {

/// A numbered record of the device's memory, of whatever kind its measurement is.
struct SeenRecord {
    std::uint16_t number = 0;
    std::string time;         ///< the device's own, of the record or of its session; may be empty
    std::uint16_t check = 0;  ///< CRC of its octets
    bool operator==(const SeenRecord&) const = default;
};

/// How far a device's numbered records are known, from one connection to the next. A device counts
/// from 0 again after a reset, and some give their records in no order, so the mark is the whole
/// record, and it moves ahead in the middle of a run only where no number was left out. Pure.
class RecordMark {
  public:
    /// As bookmark() has written it; an empty or odd text knows nothing.
    static RecordMark fromBookmark(const std::string& text);
    [[nodiscard]] std::string bookmark() const;

    /// The number to ask from: that of the last known record, which shows whether the device still
    /// counts as it did; nothing: all records.
    [[nodiscard]] std::optional<std::uint16_t> from() const;
    /// The number to ask up to, after that: a run of all was cut off, and what lies below its first
    /// record is not known; nothing: all below is known.
    [[nodiscard]] std::optional<std::uint16_t> upTo() const;

    /// What a run asks for.
    enum class Run { all, above, below };
    /// A run of the device's records begins. Each number is `step` above the one before, where none
    /// was left out.
    void begin(Run run, std::uint16_t step = 1);
    /// One of them.
    void take(const SeenRecord& record);
    /// A record was lost on its way: the mark moves no more in this run.
    void freeze() { isInOrder_ = false; }
    /// A record that came by itself, outside of a run. False if others are missing before it.
    bool takeLive(const SeenRecord& record);
    /// The device has said that these were all. False: it counts anew, so all have to be asked for.
    [[nodiscard]] bool finish();

    /// The last known record.
    [[nodiscard]] const std::optional<SeenRecord>& known() const { return known_; }
    /// Those of the last run, by number.
    [[nodiscard]] const std::map<std::uint16_t, SeenRecord>& run() const { return run_; }

  private:
    std::optional<SeenRecord> known_;
    std::optional<std::uint16_t> unknownBelow_;
    std::map<std::uint16_t, SeenRecord> run_;
    std::optional<std::uint16_t> first_;  ///< of this run
    std::uint16_t step_ = 1;
    Run kind_ = Run::all;
    bool isSame_ = false;  ///< the record that was known has come again
    bool isInOrder_ = true;
};

}  // namespace vitalgate::session
