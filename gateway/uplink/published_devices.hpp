#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/runtime/log.hpp"
#include "gateway/store/store.hpp"

namespace vitalgate::uplink {

/// Which devices' descriptors the broker of one uplink keeps for us. It stands in the store, so
/// that the descriptor of a device that was taken out of the configuration is taken from the broker
/// too.
class PublishedDevices {
  public:
    /// The store must outlive it.
    PublishedDevices(const std::string& uplink, store::Store& store, Log log);

    /// By what right a device is served: it stands in the configuration, or a rule let it in.
    enum class Right { configured, admitted };
    using Devices = std::map<std::string, Right>;

    /// `given` gets what was published in an earlier life; nothing if it cannot be read. It does
    /// not run any more when this is gone.
    void load(std::function<void(const Devices& devices)> given);
    void published(const std::string& device, Right right);
    void removed(const std::string& device);

  private:
    void write(const std::string& device, std::string_view value);

    std::string key_;
    store::Store& store_;
    Log log_;
    Devices devices_;  ///< as the store has it, or will
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::uplink
