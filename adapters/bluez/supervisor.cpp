#include "adapters/bluez/supervisor.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::bluez {

namespace {

using namespace std::chrono_literals;

struct Rung {
    v1::Step step;
    Duration patience;  ///< for the step to help
};

constexpr std::array kLadder{
    Rung{v1::STEP_RESTART_DISCOVERY, 30s},
    Rung{v1::STEP_NEW_SESSION, 30s},
    Rung{v1::STEP_POWER_CYCLE, 45s},
    Rung{v1::STEP_RECONNECT_BUS, 60s},
    Rung{v1::STEP_ASK_OPERATOR, Supervisor::kAgain},
};

/// Of the usual pause, how much the newest counts.
constexpr int kWeight = 16;

}  // namespace

void Supervisor::onHeard() {
    usualPause_ = everHeard_ ? usualPause_ + (silent_ - usualPause_) / kWeight : silent_;
    everHeard_ = true;
    heardSince_ = true;
    ended_ = std::max(ended_, silent_);
    silent_ = Duration::zero();
}

Duration Supervisor::silenceLimit() const {
    if (!everHeard_) return kFirstSilence;
    return std::clamp(usualPause_ * kUsualPauses, kLeastSilence, kLongestSilence);
}

Supervisor::Trouble Supervisor::trouble() const {
    if (unanswered_ >= kUnanswered) return Trouble::unanswered;
    return silent_ >= silenceLimit() ? Trouble::silent : Trouble::none;
}

std::optional<Supervisor::Action> Supervisor::look(SteadyTime now, bool listening,
                                                   bool mayReconnect) {
    const auto passed = now - looked_.value_or(now);
    looked_ = now;
    if (listening && passed <= kLongestLook && !heardSince_) silent_ += passed;
    heardSince_ = false;
    const auto found = trouble();
    if (found == Trouble::none) {
        if (attempts_ == 0) {
            ended_ = Duration::zero();
            return std::nullopt;
        }
        const Action recovered{last_, true, attempts_, std::max(ended_, silent_), why_};
        position_ = 0;
        attempts_ = 0;
        needsOperator_ = false;
        ended_ = Duration::zero();
        return recovered;
    }
    if (attempts_ > 0 && now < notBefore_) return std::nullopt;
    why_ = found;
    return climb(now, mayReconnect);
}

Supervisor::Action Supervisor::climb(SteadyTime now, bool mayReconnect) {
    if (kLadder[position_].step == v1::STEP_RECONNECT_BUS && !mayReconnect) ++position_;
    const auto& rung = kLadder[position_];
    position_ = (position_ + 1) % kLadder.size();
    notBefore_ = now + rung.patience;
    last_ = rung.step;
    needsOperator_ = needsOperator_ || rung.step == v1::STEP_ASK_OPERATOR;
    return Action{rung.step, false, ++attempts_, silent_, why_};
}

}  // namespace vitalgate::bluez
