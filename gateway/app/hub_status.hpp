#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::app {

/// What of the status is the same for the whole life of the process.
struct HubFacts {
    std::string hub;
    std::string version;
    std::string os;
    std::string model;  ///< of the machine; empty: it does not say
    std::string location;
    std::map<std::string, std::string> labels;
    std::string bootId;
    v1::CommandTrust commandTrust = v1::TRUST_UNSPECIFIED;
    std::string configuration;  ///< hash of the files in force
    std::uint64_t maximumBytes = 0;
    std::vector<v1::CommandSpec> commands;
};

/// Puts together how the hub is. What belongs to one uplink (connection, acknowledged) is added by
/// that uplink.
class HubStatusComposer {
  public:
    HubStatusComposer(HubFacts facts, const store::Store& store, const Adapter& adapter,
                      const Clock& clock);

    /// Keeps in mind since when each problem is there: a problem is told apart by code and text.
    [[nodiscard]] v1::HubStatus compose();

  private:
    void addProblems(v1::HubStatus& status);
    void addStoreProblems(v1::HubStatus& status, const store::StoreStatus& store);
    void rememberProblems(v1::HubStatus& status);

    HubFacts facts_;
    const store::Store& store_;
    const Adapter& adapter_;
    const Clock& clock_;
    std::map<std::string, WallTime> problemsSince_;
};

/// The status without what changes with every reading and every second: equal essences need not be
/// published again.
std::string essenceOf(v1::HubStatus status);

}  // namespace vitalgate::app
