#pragma once

#include <optional>
#include <string>

#include "gateway/base/time.hpp"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::bluez {

/// Whether a device is there, from what was heard of it. Health devices sleep most of the time:
/// silence alone is no fault, three failed connections in a row to a device that advertises are,
/// and so is a hub that has not been able to hear anything for a minute.
class Presence {
  public:
    static constexpr Duration kHeard = std::chrono::seconds{30};
    static constexpr int kFailures = 3;
    static constexpr Duration kDeaf = std::chrono::minutes{1};

    explicit Presence(bool enabled) : enabled_(enabled) {}

    void onSeen(SteadyTime now) { seen_ = now; }
    void onConnected(SteadyTime now) {
        seen_ = now;
        connected_ = true;
        failures_ = 0;
    }
    void onDisconnected(SteadyTime now) {
        seen_ = now;
        connected_ = false;
    }
    void onFailed() { ++failures_; }
    /// Whether any adapter listens.
    void onListening(bool listens, SteadyTime now) {
        if (listens) deafSince_.reset();
        if (!listens && !deafSince_) deafSince_ = now;
    }
    /// The hub wants nothing of it until then, which a person should know.
    void leaveAlone(SteadyTime until, std::string why) {
        aloneUntil_ = until;
        whyAlone_ = std::move(why);
    }
    void onReading(WallTime at) { lastReading_ = at; }
    /// Of an earlier run of the hub.
    void recallReading(WallTime at) {
        if (!lastReading_) lastReading_ = at;
    }

    /// disabled, online (connected, or heard within 30 s), unreachable, asleep, never-seen.
    [[nodiscard]] v1::Availability state(SteadyTime now) const;
    /// A sentence for people; of a silent device it says when the last reading came, if known.
    [[nodiscard]] std::string reason(SteadyTime now) const;

  private:
    [[nodiscard]] bool isDeaf(SteadyTime now) const {
        return deafSince_ && now - *deafSince_ > kDeaf;
    }

    bool enabled_;
    bool connected_ = false;
    std::optional<SteadyTime> seen_;
    std::optional<SteadyTime> deafSince_;
    int failures_ = 0;
    SteadyTime aloneUntil_ = SteadyTime::min();
    std::string whyAlone_;
    std::optional<WallTime> lastReading_;
};

}  // namespace vitalgate::bluez
