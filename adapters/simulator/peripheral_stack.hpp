#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dbus/connection.hpp"
#include "gateway/runtime/clock.hpp"

namespace vitalgate::simulator::peripheral {

/// A method handler that runs only while `owner` lives: a call may be on its way when its object
/// goes. The caller of one that is dropped gets org.freedesktop.DBus.Error.NoReply.
inline std::function<void(dbus::Call)> whileAlive(const std::shared_ptr<bool>& owner,
                                                  std::function<void(const dbus::Call&)> handler) {
    return [alive = std::weak_ptr(owner), handler = std::move(handler)](const dbus::Call& call) {
        if (!alive.expired()) handler(call);
    };
}

/// What happens on a controller. Peers are the paths of their objects.
class StackListener {
  public:
    virtual ~StackListener() = default;
    /// BlueZ and the controller are there, with nothing of ours registered.
    virtual void onReady() = 0;
    /// One of them has gone, and with it all that was registered; onReady comes again.
    virtual void onGone() = 0;
    virtual void onConnected(const std::string& peer) = 0;
    virtual void onDisconnected(const std::string& peer) = 0;
    /// BlueZ has seen the services of the other side.
    virtual void onResolved(const std::string& peer) = 0;
    virtual void onPaired(const std::string& peer) = 0;
};

/// A real BlueZ, as a program sees it that serves a peripheral on one of its controllers: whether
/// both are there, who is connected, who is paired. On the loop's thread.
class Stack {
  public:
    /// `adapter` is the controller's name: hci1. All must outlive this.
    Stack(dbus::Connection& connection, Clock& clock, const std::string& adapter,
          StackListener& listener);

    Status start();
    [[nodiscard]] bool hasBluez() const { return !owner_.empty(); }
    [[nodiscard]] bool isReady() const { return ready_; }
    [[nodiscard]] const std::string& adapterPath() const { return path_; }
    /// Of the controller, as BlueZ writes it.
    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] bool isPaired(const std::string& peer) const;
    [[nodiscard]] std::vector<std::string> connectedPeers() const;
    [[nodiscard]] std::vector<std::string> pairedPeers() const;

    /// The handler runs once, from the loop, but not after this has gone.
    using Answered = std::function<void(const dbus::Reply&)>;
    void call(const std::string& path, const std::string& interface, const std::string& method,
              dbus::Values arguments, Duration limit, Answered handler);
    void setProperty(const std::string& name, dbus::Value value, Duration limit, Answered handler);

  private:
    struct Peer {
        bool connected = false;
        bool paired = false;
        bool resolved = false;
    };

    void askOwner();
    void load();
    void loaded(const dbus::Reply& reply);
    void onOwnerChanged(const dbus::Signal& signal);
    void onSignal(const dbus::Signal& signal);
    void added(const dbus::Signal& signal);
    void removed(const dbus::Signal& signal);
    void changed(const std::string& path, const dbus::Properties& properties);
    void leave();
    [[nodiscard]] bool isPeer(std::string_view path) const;

    dbus::Connection& connection_;
    Clock& clock_;
    std::string path_;
    StackListener& listener_;
    dbus::Match signals_;
    dbus::Match owners_;
    std::string owner_;  ///< unique name of BlueZ; empty: it is away
    std::string address_;
    bool ready_ = false;
    std::map<std::string, Peer, std::less<>> peers_;  ///< that are connected or paired
    Timer retry_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::peripheral
