#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/session/joiner.hpp"
#include "gateway/base/time.hpp"

namespace vitalgate::session {

/// Gathers the values of a continuous measurement into one reading with samples. A value that was
/// refused is a span without a sample, and says why; so is a time in which nothing came. Pure.
class Series {
  public:
    /// Of the values as text, for a bookmark holds no more; the next value begins another series.
    static constexpr std::size_t kMostOctets = 64 * 1024;

    /// A series is given out when it has lasted so long.
    explicit Series(Duration interval) : interval_(interval) {}

    /// Takes a measurement that is `continuous`; gives the series before it if that is complete.
    std::optional<Piece> take(Piece piece);
    /// What was gathered; nothing if there is nothing.
    std::optional<Piece> flush();
    /// The values of what was gathered, as they came.
    [[nodiscard]] const std::vector<Value>& values() const { return values_; }
    /// When the first of them was received.
    [[nodiscard]] std::optional<SteadyTime> begin() const;
    /// When flush() is due.
    [[nodiscard]] std::optional<SteadyTime> due() const;

  private:
    struct Entry {
        std::uint32_t atMs = 0;
        profiles::Measurement measurement;
    };

    void addObservations(v1::Reading& reading) const;
    void addNoSamples(v1::Observation& made) const;
    void addSamples(v1::Observation& made, std::uint32_t stepMs, bool even) const;
    void addGaps(v1::Samples& samples, const v1::Observation& of) const;
    [[nodiscard]] std::uint32_t usualStepMs() const;
    [[nodiscard]] bool isEven(std::uint32_t stepMs) const;

    Duration interval_;
    std::vector<Value> values_;
    std::size_t octets_ = 0;  ///< of these as text
    std::vector<Entry> entries_;
};

}  // namespace vitalgate::session
