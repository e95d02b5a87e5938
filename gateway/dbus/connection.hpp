#pragma once

#include <asio/awaitable.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/error.hpp"
#include "gateway/dbus/exported.hpp"
#include "gateway/dbus/value.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::dbus {

/// A method call to make.
struct Request {
    std::string destination;
    std::string path;
    std::string interface;
    std::string method;
    Values arguments;
};

/// An Error with the name that the other side gave ("org.bluez.Error.Failed"); the name is empty if
/// no answer came.
struct CallError : Error {
    std::string name;
};

/// The values of the reply, or why there is none.
using Reply = std::expected<Values, CallError>;

struct Signal {
    std::string sender;  ///< unique name
    std::string path;
    std::string interface;
    std::string member;
    Values arguments;
};

/// What an error of that name asks of the caller.
ErrorKind kindOf(std::string_view errorName);

/// A signal match; dropping it ends it. It may be dropped in its own handler, and may outlive the
/// connection.
class Match {
  public:
    Match() = default;
    explicit Match(std::shared_ptr<void> slot) : slot_(std::move(slot)) {}

  private:
    std::shared_ptr<void> slot_;
};

/// One connection to a message bus, on the loop's thread alone. All handlers run from the loop,
/// none inside the D-Bus library, so they may destroy anything, this connection included; what they
/// throw is logged and goes no further. There is no reconnection: after onLost make a new one.
class Connection {
  public:
    /// `address`: "system", "session" or a bus address ("unix:path=/run/dbus/system_bus_socket").
    /// The handshake with the bus itself is the only wait that blocks (it is local), for half a
    /// second at most. ErrorKind::unavailable if there is no bus, or it does not answer.
    static Result<std::unique_ptr<Connection>> open(const std::string& address, Clock& clock,
                                                    Log log);
    /// Pending calls end with ErrorKind::cancelled.
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Runs once, when the bus has gone; before it all pending calls end with
    /// ErrorKind::disconnected.
    void onLost(std::function<void()> handler);
    [[nodiscard]] bool isOpen() const;
    [[nodiscard]] std::string uniqueName() const;

    /// Calls a method; any number at a time. `limit` counts on the Clock; a reply after it is
    /// dropped. The connection may be destroyed during the wait.
    asio::awaitable<Reply> call(Request request, Duration limit);
    /// The same with a handler, which runs exactly once, from the loop.
    void call(Request request, Duration limit, std::function<void(Reply)> handler);

    /// Signals that fit a D-Bus match rule ("type='signal',sender='org.bluez'"), in order of
    /// arrival; every value of at most 128 Ki items, nested at most 32 deep. Others are logged.
    [[nodiscard]] Result<Match> match(const std::string& rule,
                                      std::function<void(const Signal&)> handler);

    /// ErrorKind::refused if another owns it.
    asio::awaitable<Status> requestName(std::string name, Duration limit);

    /// At most one object a path.
    [[nodiscard]] Result<std::unique_ptr<ExportedObject>> exportObject(
        const std::string& path, std::vector<Interface> interfaces);
    /// Serves GetManagedObjects for all exported objects below `path`, as long as the connection
    /// lives.
    [[nodiscard]] Status addObjectManager(const std::string& path);

    class Impl;

  private:
    explicit Connection(std::shared_ptr<Impl> impl);

    std::shared_ptr<Impl> impl_;
};

}  // namespace vitalgate::dbus
