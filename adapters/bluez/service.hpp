#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/bluez/object_tree.hpp"
#include "gateway/dbus/connection.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// BlueZ on the bus: there with all its objects, or away. A lost bus is connected to again after
/// 1 s, 2 s, 4 s, then every 5 s; a BlueZ that went is awaited (NameOwnerChanged), and everything
/// is read anew. A call that finds no BlueZ any more counts as such a signal that did not come.
class Service {
  public:
    enum class State { noBus, noBluez, loading, ready };

    class Listener {
      public:
        virtual ~Listener() = default;
        /// The tree is complete, from now on every change is told.
        virtual void onReady() = 0;
        /// All objects are gone (the tree is empty); onReady comes again.
        virtual void onGone() = 0;
        virtual void onChange(const Change& change) = 0;
        /// Whether the device is served: see ObjectTree.
        [[nodiscard]] virtual bool isOurs(const BluetoothAddress&) const { return true; }
    };

    Service(std::string address, Clock& clock, Log log, Listener& listener);

    void start() { openBus(); }
    /// No listener is called after it.
    void stop();
    /// Leaves the bus and connects to it anew, for a connection that has gone deaf.
    void reconnect();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] const ObjectTree& tree() const { return tree_; }
    /// Null without a bus.
    [[nodiscard]] dbus::Connection* bus() { return bus_.get(); }
    /// The unique name of BlueZ; empty if it is away.
    [[nodiscard]] const std::string& owner() const { return owner_; }
    [[nodiscard]] const std::string& lastError() const { return lastError_; }

    /// The handler runs exactly once, from the loop; without BlueZ with ErrorKind::disconnected.
    void call(const std::string& path, const std::string& interface, const std::string& method,
              dbus::Values arguments, Duration limit, std::function<void(dbus::Reply)> handler);
    /// BlueZ 5.66 does not tell Connected when the socket of a connection is ready before the
    /// kernel's event of it. Asked, it says so; that goes the way of a signal.
    void askConnected(const std::string& device);
    void setProperty(const std::string& path, const std::string& interface, const std::string& name,
                     dbus::Value value, Duration limit, std::function<void(dbus::Reply)> handler);

  private:
    void openBus();
    Status subscribe();
    void retryBus(std::string why);
    void askOwner();
    void setOwner(const std::string& owner);
    void load();
    void loaded(const std::string& owner, const dbus::Reply& reply);
    void onSignal(const dbus::Signal& signal);
    void onOwnerChanged(const dbus::Signal& signal);
    void leave(State state);
    void checkOwner(const std::string& owner, const dbus::Reply& reply);

    std::string address_;
    Clock& clock_;
    Log log_;
    Listener& listener_;
    State state_ = State::noBus;
    std::string lastError_;
    std::unique_ptr<dbus::Connection> bus_;
    dbus::Match signals_;
    dbus::Match owners_;
    std::string owner_;
    ObjectTree tree_{[this](const BluetoothAddress& address) { return listener_.isOurs(address); }};
    Timer retry_;
    int attempts_ = 0;
    bool stopped_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::bluez
