#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "adapters/session/control_points.hpp"
#include "adapters/session/exchange.hpp"

namespace vitalgate::session {

/// The people of a device (User Data Service 1.0): scales give nothing of a person before that
/// person's code was shown, and give people numbers of their own.
class People {
  public:
    /// All must outlive it.
    People(const SessionContext& shared, Exchange& exchange, ControlPoints& controlPoints)
        : shared_(shared),
          exchange_(exchange),
          controlPoints_(controlPoints),
          subjects_(shared.settings.subjects) {}

    /// The numbers that earlier conversations were given. What cannot be read ends this one.
    asio::awaitable<Status> recall();
    /// Makes the device's users agree, one after the other, and takes what it has of each; where
    /// the settings say so, users that it does not know are registered.
    asio::awaitable<Status> askConsent();

    /// Before the device has taken their codes nobody can tell whose its numbers are. Also true of
    /// a device that could not be asked what it offers.
    [[nodiscard]] bool needConsent() const;
    /// Whose readings are, by the number that they bear on the device.
    [[nodiscard]] const SubjectMap& subjects() const { return subjects_; }
    [[nodiscard]] Bookmarks bookmarks() const;

  private:
    asio::awaitable<Status> consentOf(Endpoint controlPoint, std::uint32_t slot);
    asio::awaitable<Status> registerUser(Endpoint controlPoint, std::uint32_t slot,
                                         std::uint16_t code);
    void noteRegistered(std::uint32_t slot, const std::string& number);
    void noteConsent(std::uint32_t slot);
    void assignNumbers();
    [[nodiscard]] bool isTaken(std::uint32_t slot, std::uint32_t number) const;

    const SessionContext& shared_;
    Exchange& exchange_;
    ControlPoints& controlPoints_;
    SubjectMap subjects_;
    std::map<std::uint32_t, std::uint32_t> registered_;  ///< slot to the device's own number
    std::set<std::uint32_t> consented_;  ///< slots whose code the device has taken now
};

}  // namespace vitalgate::session
