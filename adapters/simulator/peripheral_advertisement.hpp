#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "adapters/simulator/peripheral_stack.hpp"
#include "adapters/simulator/scenario.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::simulator::peripheral {

/// The simulator's own manufacturer data in every advertisement: a counter under the company that
/// the Bluetooth SIG gives to nobody.
inline constexpr std::uint16_t kCounterCompany = 0xffff;
inline constexpr std::size_t kCounterOctets = 2;

/// A device's advertisement: registered with BlueZ (LEAdvertisement1) while it advertises.
///
/// Its counter grows at most every 500 ms, as long as there are packets to send. That makes BlueZ
/// enable advertising anew. A real controller repeats its packets by itself; the virtual one of
/// btvirt sends one each time that advertising is enabled, and BlueZ does not advertise again by
/// itself after its power was off.
class Advertisement {
  public:
    static inline const std::string kPath = "/vitalgate/advertisement";

    /// All must outlive this.
    Advertisement(dbus::Connection& connection, Stack& stack, Clock& clock,
                  const DeviceSettings& settings, std::vector<Uuid> services, Log log);

    Status serve();
    /// A packet goes out.
    void show();
    /// None goes out any more. `done` runs when BlueZ has taken that, perhaps at once.
    void hide(std::function<void()> done = nullptr);

  private:
    enum class State { off, registering, on, unregistering };

    std::vector<dbus::Property> properties();
    [[nodiscard]] dbus::Value manufacturerData() const;
    [[nodiscard]] dbus::Value serviceData() const;
    void ask(const std::string& method, dbus::Values arguments, Stack::Answered handler);
    void registerNow();
    void unregisterNow();
    void registered(const dbus::Reply& reply);
    void unregistered();

    dbus::Connection& connection_;
    Stack& stack_;
    Clock& clock_;
    const DeviceSettings& settings_;
    std::vector<Uuid> services_;
    Log log_;
    std::unique_ptr<dbus::ExportedObject> object_;
    State state_ = State::off;
    bool wanted_ = false;
    bool told_ = false;  ///< that BlueZ refuses
    std::uint16_t counter_ = 0;
    SteadyTime changed_{};
    std::function<void()> hidden_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::peripheral
