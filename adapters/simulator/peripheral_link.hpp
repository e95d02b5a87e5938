#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/simulator/device.hpp"
#include "adapters/simulator/peripheral_gatt.hpp"
#include "adapters/simulator/peripheral_stack.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::simulator::peripheral {

/// The one link that a device has through a real BlueZ: what the peer asks goes to the device, what
/// the device sends goes to the peer. A peer is the path of its object.
class Link final : public AttributeServer {
  public:
    /// All must outlive this.
    Link(Stack& stack, Clock& clock, Device& device, Log log);

    /// Where values go out; null while nothing is registered.
    void setApplication(GattApplication* application) { application_ = application; }

    /// A peer is connected: it becomes the device's, or its link is ended, because the device
    /// does not advertise or has another.
    void open(const std::string& peer);
    /// That peer is not connected any more.
    void lost(const std::string& peer);
    /// BlueZ has gone with everything that it kept.
    void reset();
    /// The peer has seen the services; its first request says so too.
    void resolved(const std::string& peer);
    void paired(const std::string& peer);

    /// A value of the device goes out.
    void send(const Characteristic& characteristic, const Bytes& value, std::uint64_t number);
    /// The device has ended the link, as it sees it. `done` runs when BlueZ has too, at once if
    /// there is none.
    void hangUp(std::function<void()> done = nullptr);
    /// BlueZ still has a link, whatever the device thinks.
    [[nodiscard]] bool isUp() const { return !peer_.empty(); }

    AttResult<Bytes> read(const Characteristic& characteristic) override;
    AttResult<void> write(const Characteristic& characteristic, ByteView value) override;
    void subscribe(const Characteristic& characteristic, bool on) override;
    void confirm(const Characteristic& characteristic) override;

  private:
    struct Indication {
        const Characteristic* characteristic = nullptr;
        std::uint64_t number = 0;
        SteadyTime sent;
    };

    void release();
    void disconnect(const std::string& peer, std::function<void()> done);
    void arrives(const Characteristic& characteristic);
    void delivered(std::uint64_t link, const Characteristic& characteristic, std::uint64_t number);

    Stack& stack_;
    Clock& clock_;
    Device& device_;
    Log log_;
    GattApplication* application_ = nullptr;
    std::string peer_;                   ///< empty: no link
    bool seen_ = false;                  ///< the peer has seen the services
    Timer patience_;                     ///< with a bonded peer that says nothing
    std::uint64_t links_ = 0;            ///< counts them, so that late answers find their own
    std::optional<Indication> waiting_;  ///< for Confirm()
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::peripheral
