#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/base/time.hpp"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::bluez {

/// Whether an adapter works, judged by what was heard and answered and never by what BlueZ says of
/// itself; and what to do if it does not: a ladder of steps, each given time to help before the
/// next one, from a new start of discovery up to a person's help; then from the bottom again, once
/// an hour. A pure state machine: evidence and time in, steps out. It outlives the adapter's
/// object, so that a step that takes the adapter away does not begin the ladder anew.
class Supervisor {
  public:
    /// Silence is no trouble before it has lasted for so long, and always after it.
    static constexpr Duration kLeastSilence = std::chrono::seconds{90};
    static constexpr Duration kLongestSilence = std::chrono::minutes{15};
    /// The same for an adapter that has never heard anything: perhaps nothing is there to be heard.
    static constexpr Duration kFirstSilence = std::chrono::minutes{5};
    /// Between these bounds so many times the usual pause between two advertisements.
    static constexpr int kUsualPauses = 20;
    /// So many calls in a row without an answer are trouble.
    static constexpr int kUnanswered = 2;
    /// After the last step.
    static constexpr Duration kAgain = std::chrono::hours{1};
    /// Longer between two looks: the machine slept, or the loop was held up; that is no silence.
    static constexpr Duration kLongestLook = std::chrono::seconds{30};

    enum class Trouble { none, silent, unanswered };

    struct Action {
        v1::Step step = v1::STEP_UNSPECIFIED;
        bool recovered = false;  ///< nothing is to be done: `step` was the last before it went well
        std::uint32_t attempt = 0;  ///< steps of this trouble so far
        Duration silent{};          ///< how long nothing was heard while it should have been
        Trouble trouble = Trouble::none;
    };

    /// An advertisement, or a value of a device, has come through this adapter.
    void onHeard();
    void onAnswered() { unanswered_ = 0; }
    void onUnanswered() { ++unanswered_; }

    /// To be asked every few seconds. `listening`: discovery is to run since the last look;
    /// `mayReconnect`: a new connection to the bus would disturb nobody.
    std::optional<Action> look(SteadyTime now, bool listening, bool mayReconnect);

    [[nodiscard]] Trouble trouble() const;
    /// The ladder has come to its end without help; until something is heard.
    [[nodiscard]] bool needsOperator() const { return needsOperator_; }
    [[nodiscard]] bool everHeard() const { return everHeard_; }

  private:
    [[nodiscard]] Duration silenceLimit() const;
    Action climb(SteadyTime now, bool mayReconnect);

    Duration silent_{};  ///< listened to without hearing anything
    Duration usualPause_{};
    Duration ended_{};  ///< the silence that the last thing heard has ended
    std::optional<SteadyTime> looked_;
    SteadyTime notBefore_;
    std::size_t position_ = 0;
    std::uint32_t attempts_ = 0;
    v1::Step last_ = v1::STEP_UNSPECIFIED;
    Trouble why_ = Trouble::none;
    int unanswered_ = 0;
    bool everHeard_ = false;
    bool heardSince_ = false;  ///< the last look
    bool needsOperator_ = false;
};

}  // namespace vitalgate::bluez
