#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/dbus/value.hpp"

namespace vitalgate::dbus {

/// What a served method or property answers instead of a value.
struct RemoteError {
    std::string name;  ///< "org.bluez.Error.Failed"
    std::string message;
};

/// One method call that somebody made on an exported object. Copies share it: answer now or any
/// time later, once; further answers are ignored. When the last copy goes without an answer, the
/// caller gets org.freedesktop.DBus.Error.NoReply.
class Call {
  public:
    struct State;
    explicit Call(std::shared_ptr<State> state) : state_(std::move(state)) {}

    [[nodiscard]] const Values& arguments() const;
    [[nodiscard]] const std::string& path() const;
    [[nodiscard]] const std::string& method() const;
    [[nodiscard]] const std::string& sender() const;  ///< unique name
    void reply(Values values = {}) const;
    void fail(RemoteError error) const;

  private:
    std::shared_ptr<State> state_;
};

struct Method {
    std::string name;
    std::string in;   ///< signature of the arguments: "oa{sv}"
    std::string out;  ///< signature of the reply
    /// Runs on the loop, outside the library: it may destroy its own object or connection.
    std::function<void(Call)> handler;
};

struct Property {
    std::string name;
    std::string signature;
    /// Runs inside the library when somebody asks, and when a change is emitted: gives a value of
    /// exactly that signature, and destroys nothing.
    std::function<Value()> get;
    /// Absent: read only. Runs inside the library: changes state only, destroys nothing.
    std::function<std::optional<RemoteError>(const Value&)> set;
};

struct SignalSpec {
    std::string name;
    std::string signature;
};

struct Interface {
    std::string name;
    std::vector<Method> methods;
    std::vector<Property> properties;
    std::vector<SignalSpec> signals;
};

/// An object served on a connection; dropping it takes it off the bus, without a signal. Once the
/// connection is lost or gone its calls do nothing.
class ExportedObject {
  public:
    virtual ~ExportedObject() = default;
    /// The signal may be of any interface, announced or not. An argument that D-Bus cannot carry
    /// is logged, and nothing is sent.
    virtual void emit(const std::string& interface, const std::string& signal, Values values) = 0;
    /// org.freedesktop.DBus.Properties.PropertiesChanged, with what the getters say now.
    virtual void propertiesChanged(const std::string& interface,
                                   const std::vector<std::string>& names) = 0;
    /// InterfacesAdded and InterfacesRemoved of the object manager above it, all its interfaces.
    virtual void announce() = 0;
    virtual void withdraw() = 0;
    [[nodiscard]] virtual const std::string& path() const = 0;
};

}  // namespace vitalgate::dbus
