#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/profiles/profile.hpp"
#include "adapters/session/gatt_link.hpp"

namespace vitalgate::session {

/// A measurement and the values that it came in, the principal one first.
struct Piece {
    profiles::Measurement measurement;
    std::vector<Value> values;
    /// A part that the device announced, or that belongs to it, did not come.
    bool partial = false;
    /// It has a time or a number of its own that can be used: the same octets are the same piece.
    bool hasIdentity = false;
    /// What was given out before and is completed by this one; null: nothing.
    std::shared_ptr<const Piece> amends;
};

/// Puts the pieces of one event together: a scale's weight and composition, the packets of a
/// composition, a glucose record and its context. What comes whole is given out at once, what is
/// incomplete when the wait is over. Pure: times are handed in.
class Joiner {
  public:
    /// The longest wait for another piece.
    static constexpr Duration kPatience = std::chrono::seconds{30};
    /// Pieces that wait; above it the oldest is given out as it is.
    static constexpr std::size_t kMaxWaiting = 64;

    /// Whether the device sends weight and composition as two values: one waits for the other.
    void expectComposition(bool both) { both_ = both; }

    /// Takes a piece with `measurement.part`; gives what is whole with it, if anything.
    std::vector<Piece> take(Piece piece, SteadyTime now);
    /// A piece of that name was refused. The context of a record that is none of a patient is none
    /// either, and so is the record of a context that tells that it is none of glucose; a weight
    /// waits no longer for a composition that was refused. Gives what need not wait for it.
    std::vector<Piece> refuse(const profiles::Part& part, v1::MeasurementRefusal reason);
    /// What has waited long enough by `now`, as partial.
    std::vector<Piece> expire(SteadyTime now);
    /// All that waits, as partial: no more will come.
    std::vector<Piece> flush();
    /// What waits and does not say which event it is of, as partial.
    std::vector<Piece> flushUnnamed();
    /// When expire() next has something to give.
    [[nodiscard]] std::optional<SteadyTime> nextExpiry() const;
    /// The values of all that waits, in order of arrival.
    [[nodiscard]] std::vector<Value> waiting() const;

    /// The values of all that was given out as partial and may still be completed, and what an
    /// earlier connection had of them: one piece after the other.
    [[nodiscard]] std::vector<Value> incomplete() const;
    void recall(Piece piece);

  private:
    struct Waiting {
        Piece piece;
        bool hasWeight = false;
        bool hasComposition = false;
        bool needsPacket = false;   ///< of a composition
        bool needsContext = false;  ///< of a glucose record
        SteadyTime until;
    };

    std::vector<Waiting>::iterator find(const profiles::Part& part);
    [[nodiscard]] Waiting begin(Piece piece, SteadyTime now) const;
    void add(Waiting& waiting, Piece piece) const;
    [[nodiscard]] bool isWhole(const Waiting& waiting) const;
    /// It belongs to another event than what waits under its name.
    [[nodiscard]] bool isAnother(const Waiting& waiting, const Piece& piece) const;
    [[nodiscard]] bool isAmbiguous(const profiles::Part& part) const;
    [[nodiscard]] std::optional<v1::MeasurementRefusal> refusalOf(const profiles::Part& part) const;
    /// A context whose record was given out without it.
    std::optional<Piece> amended(Piece& context);
    Piece giveOut(std::vector<Waiting>::iterator waiting, bool partial);
    void remember(Piece piece);

    bool both_ = false;
    std::vector<Waiting> waiting_;
    std::vector<Piece> incomplete_;  ///< given out as partial, the latest last
    std::vector<Value> completed_;   ///< what has completed others, the latest last
    struct Refused {
        profiles::Part::Kind kind{};
        std::string event;
        v1::MeasurementRefusal reason{};
    };
    std::deque<Refused> refused_;  ///< records and contexts, the latest last
};

}  // namespace vitalgate::session
