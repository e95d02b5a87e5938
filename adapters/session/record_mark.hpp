#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate::session {

/// How far a device's numbered records are known, from one connection to the next. A device counts
/// from 0 again after a reset, and some give their records in no order, so the mark is a number and
/// what that record's time was, and it moves ahead in the middle of a run only where no number was
/// left out. Pure.
class RecordMark {
  public:
    /// As bookmark() has written it; an empty or odd text knows nothing.
    static RecordMark fromBookmark(const std::string& text);
    [[nodiscard]] std::string bookmark() const;

    /// The number to ask from: that of the last known record, which shows whether the device still
    /// counts as it did; nothing: all records.
    [[nodiscard]] std::optional<std::uint16_t> from() const;

    /// A run of the device's records begins; `whole`: it is asked for all. Each number is `step`
    /// above the one before, where none was left out.
    void begin(bool whole, std::uint16_t step = 1);
    /// One of them; `time` is the device's own, as text.
    void take(std::uint16_t number, const std::string& time);
    /// A record that came by itself, outside of a run. False if others are missing before it.
    bool takeLive(std::uint16_t number, const std::string& time);
    /// The device has said that these were all. False: it counts anew, so all have to be asked for.
    [[nodiscard]] bool finish();

    struct Mark {
        std::uint16_t number = 0;
        std::string time;
    };
    /// The last known record.
    [[nodiscard]] const std::optional<Mark>& known() const { return known_; }
    /// Those of the last run, by number, with their times.
    [[nodiscard]] const std::map<std::uint16_t, std::string>& run() const { return run_; }

  private:
    std::optional<Mark> known_;
    std::map<std::uint16_t, std::string> run_;  ///< of this run
    std::optional<std::uint16_t> first_;        ///< of this run
    std::uint16_t step_ = 1;
    bool whole_ = true;
    bool isSame_ = false;  ///< the record that was known has come again
    bool isInOrder_ = true;
};

}  // namespace vitalgate::session
