#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/base/time.hpp"

namespace vitalgate::bluez {

/// How well each adapter hears one device, and which one is to serve it: the one that hears it
/// best, with some faithfulness to the present one, since signals vary; but a bond binds a device
/// to the adapter that holds it. Adapters are named by their paths.
class Reception {
  public:
    /// What was not heard by an adapter for so long does not count.
    static constexpr Duration kFresh = std::chrono::seconds{10};
    /// Another adapter is better only by so much.
    static constexpr double kBetterDb = 6;
    /// So much worse counts an adapter for each failed attempt, until a connection comes up.
    static constexpr double kFailureDb = 6;

    void onHeard(const std::string& adapter, int rssiDbm, SteadyTime now);
    void onConnected(const std::string& adapter);
    void onFailed(const std::string& adapter);
    /// The adapter is gone.
    void forget(const std::string& adapter) { heard_.erase(adapter); }
    void clear() { heard_.clear(); }

    /// The adapter that is to connect; nothing if none hears the device. `bonded`: the adapter that
    /// holds the bond; empty: none.
    [[nodiscard]] std::optional<std::string> best(SteadyTime now, const std::string& bonded);

  private:
    struct Heard {
        double rssiDbm = 0;  ///< smoothed
        SteadyTime at;
        int failures = 0;
    };

    std::map<std::string, Heard> heard_;
    std::string present_;
};

}  // namespace vitalgate::bluez
